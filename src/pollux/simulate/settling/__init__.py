"""Fast models inside slow ones."""
