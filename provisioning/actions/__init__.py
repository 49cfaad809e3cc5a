"""What can be done with the box as a whole. One file an action; each has `add(actions, common)` and imports its work when it runs."""
