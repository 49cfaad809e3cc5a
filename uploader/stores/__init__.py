"""Stores. One file a kind, named as `store.kind` names it.

A store module has `Options` (its settings, a class derived from `appliance.config.Options`) and `open_store(options, folders)`, which
gives an object as `uploader.store.Store` describes. `tests/contracts/test_stores.py` proves each.
"""
