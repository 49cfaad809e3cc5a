"""Engines that speak text. One file an engine, named as the configuration names it.

Each has `LANGUAGES`, `available(language)`, and `speak(text, language)`, which gives a WAV file of any rate and raises `EngineError`.
`tests/contracts/test_engines.py` proves each.
"""
