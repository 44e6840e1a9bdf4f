"""Where a run computes: devices and hosts, how they communicate, how examples reach them."""
