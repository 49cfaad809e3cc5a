"""Sounds of flows: converted, checked, spoken from text, and rendered once for each content."""
