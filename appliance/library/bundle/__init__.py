"""Evidence bundles: what is put into one, the report that people read, and the program that checks it anywhere."""
