"""The wing that makes the box what it should be. Not begun; see README.md."""
