"""MQTT 3.1.1 and 5: Pollux's own endpoint, in the process."""
