"""The room that looks after the box: one file a check, each with its mend."""
