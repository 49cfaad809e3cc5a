"""The machine as the configuration means it. One file a subject, pure; each has `files(config)`: path → whole text, and RELOAD, the command
that makes a change of them count. A subject that the configuration does not speak of has no files, and the machine's own stay.
"""
