"""An emulated kettle that speaks plain MQTT, as a real one would.

Run it while the site is served:   python device.py
"""

import json
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

TWIN = "twins/Kettle/K-1"
power = 1500.0


def on_connect(client, *_):
    """Ask for the commands, at every new connection."""
    client.subscribe(f"{TWIN}/commands", qos=1)


def on_message(client, _userdata, message):
    """Carry out a command and say so."""
    global power
    command = json.loads(message.payload)
    power = float(command["params"]["power"])
    client.publish(f"{TWIN}/commands/ack", json.dumps({"id": command["id"], "state": "done", "reason": ""}), qos=1)


client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="K-1", protocol=mqtt.MQTTv5)
client.username_pw_set("K-1")  # with --insecure a device on this machine may come in by its name
client.on_message = on_message
client.on_connect = on_connect
client.connect("127.0.0.1", 1883)
client.loop_start()

temp, seq = 20.0, 0
while True:
    temp += (power - 1.5 * (temp - 20.0)) / 1.2 / 4186.0
    seq += 1
    body = {"t": time.time_ns(), "seq": seq, "temp": round(temp, 2), "power": power}
    client.publish(f"{TWIN}/telemetry", json.dumps(body), qos=1)
    time.sleep(1.0)
