"""From the graph to source: lists of assignments, the passes that shape them, the printers that spell them."""
