"""MQTT 3.1.1 and 5 as a client: of a broker that is already there."""
