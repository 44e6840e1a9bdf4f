"""A run as its directory has it: its record, its checkpoints, what it writes, how it stands."""
