"""The endpoints: each takes a call that has passed the gate and gives a document."""
