"""OPC UA: a client that reads a server's nodes into twins, and a server that shows twins as nodes."""
