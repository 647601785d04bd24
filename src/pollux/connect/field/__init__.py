"""What the drivers of field protocols have in common: how they are declared, what they are given, how they deliver."""
