"""Asterisk's REST interface in types: what `generator.py` made of the JSON models that Asterisk itself ships with (`rest-api/*.json`).

`models_X.py` and `events*.py` hold values as Asterisk sends them, `X.py` the objects with their operations in ari-py's vocabulary
(Channel, Bridge, Playback, LiveRecording, StoredRecording). Those files are generated: never edit one; run the generator again.
"""
