"""The room where recordings are found, heard and proven."""
