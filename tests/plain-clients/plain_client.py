"""The documentation's few lines for a plain client, in Python: a loop over its rooms on every connect.

Arguments: URL, token, namespace, transport, rooms. It writes what it hears as JSON lines, and on every line that it is
given, `{"command": …, "payload": …}`, it asks; at the end of its input it leaves.
"""

import json
import sys

import engineio
import socketio


class InOrder(engineio.Client):
    """By itself the library hands every message to a thread of its own: then nothing has an order."""

    def _trigger_event(self, event, *args, **kwargs):
        return super()._trigger_event(event, *args, **{**kwargs, "run_async": False})


class Client(socketio.Client):
    def _engineio_client_class(self):
        return InOrder


url, token, namespace, transport, *rooms = sys.argv[1:]
client = Client(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
positions = {}
streams = {}


def say(kind, what):
    print(json.dumps({"kind": kind, "what": what}), flush=True)


def answered(ack):
    say("answer", ack)
    if ack["status"] == "success":
        streams[ack["room"]] = ack["stream"]
        positions[ack["stream"]] = {name: ack[name] for name in ("offset", "epoch", "last_id") if name in ack}


@client.on("connect", namespace=namespace)
def connected():
    say("connected", None)
    for room in rooms:
        position = positions.get(streams.get(room), {})
        client.emit("subscribe", {"room": room, **position}, namespace=namespace, callback=answered)


@client.on("connect_error", namespace=namespace)
def refused(data=None):
    say("refused", data)


@client.on("*", namespace=namespace)
def heard(event, message):
    if "offset" in message:
        known = positions.get(message["stream"], {})
        positions[message["stream"]] = {**known, "offset": message["offset"], "last_id": message["id"]}
    say("event", {**message, "event": event})


try:
    transports = ["polling", "websocket"] if transport == "upgrade" else [transport]
    client.connect(url, auth={"token": token}, namespaces=[namespace], transports=transports, wait_timeout=5)
except socketio.exceptions.ConnectionError:
    say("gave up", None)
    sys.exit(0)
for line in sys.stdin:
    question = json.loads(line)
    client.emit(question["command"], question["payload"], namespace=namespace, callback=lambda ack: say("acked", ack))
client.disconnect()
