"""Documents made of facts: pure functions, one file per document."""
