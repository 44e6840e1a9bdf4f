"""Studies: a question, the runs that it takes, where they are computed, and what they say to it."""
