"""The wing that runs the phone system. Not begun; see README.md."""
