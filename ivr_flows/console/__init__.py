"""The wing's pages in the console: flows, trunks and desks, hours, prompts. Each calls the functions of its command line, and no others."""
