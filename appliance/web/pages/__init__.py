"""The console's pages, one file each: `router` with its routes."""
