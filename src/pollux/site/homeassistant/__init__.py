"""Home Assistant: twins announced by its MQTT discovery, and what comes back from there as orders."""
