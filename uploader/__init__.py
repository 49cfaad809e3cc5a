"""The wing that sends: seal, store, verify, restore. Start reading in README.md, then `worker.py`."""
