"""Where samples come from: a callback, a serial line, a file that grows, topics of a broker."""
