"""Where a run computes: devices and hosts, what they tell each other, how examples reach them."""
