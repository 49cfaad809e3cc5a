"""The wing that runs the phone system; see README.md."""
