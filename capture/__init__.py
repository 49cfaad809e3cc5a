"""The wing that listens: frames → dialogs → spool → recording. Start reading in README.md, then `engine.py`."""
