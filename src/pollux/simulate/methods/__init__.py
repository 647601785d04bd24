"""One step of a run: integration, windows, events and jumps, composed into the program of a kernel."""
