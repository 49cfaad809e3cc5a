"""The room that shows who is calling."""
