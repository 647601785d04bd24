"""The words and bytes of MQTT, for both sides of it: the endpoint, and the client of a broker that is already there."""
