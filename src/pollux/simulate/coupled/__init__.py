"""Twins that read each other, run together: one kernel for several types and all the links between them."""
