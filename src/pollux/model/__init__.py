"""The words of a model: roles, units, equations, the graph they make, and the value that stands for a signal."""
