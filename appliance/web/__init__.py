"""The room with the pages."""
