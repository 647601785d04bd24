"""A survey: what is there and what it speaks, before anything is connected. Drivers gather, the rest is pure."""
