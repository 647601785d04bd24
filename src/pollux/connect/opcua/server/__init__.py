"""The OPC UA server: twins as objects, for identities that the one gate knows."""
