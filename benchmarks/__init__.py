"""Figures, never asserted in a test: `make bench`, or `python -m benchmarks NAME…`. What was measured stands in RESULTS.md."""
