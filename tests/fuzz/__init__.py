"""Hostile bytes for every parser: `make test` tries a few of each target, `make fuzz` millions. A new target is one entry in targets.py."""
