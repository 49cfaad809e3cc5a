"""The room that tidies: the only one that removes files, and the one that watches the box's health."""
