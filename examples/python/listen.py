"""Listens to a room, and after any break goes on where it was: python3 listen.py project:42

Needs the package websockets (Debian: python3-websockets).
"""

import asyncio
import json
import os
import sys

import websockets

URL = os.environ.get("ROOMCAST_URL", "http://127.0.0.1:8000")
TOKEN = os.environ["ROOMCAST_TOKEN"]
ROOM = sys.argv[1] if len(sys.argv) > 1 else "global"

position = {}  # how far we have come; nothing yet: begin with the next event


def take(frame):
    global position
    event, data = frame["event"], frame["data"]
    if event == "ack":
        if data["status"] == "error":
            sys.exit(data["error"]["message"])
        if not data["recovered"]:
            print("events may be missing: load the state anew", flush=True)
        position = {key: data[key] for key in ("offset", "epoch", "last_id") if key in data}
        print(f"{ROOM}: listening after offset {data['offset']}", flush=True)
    elif event == "room.reset" and ROOM in data["rooms"]:
        position = {key: data[key] for key in ("offset", "epoch", "last_id") if key in data}
        print("events may be missing: load the state anew", flush=True)
    elif ROOM in frame.get("rooms", []):
        if "offset" in frame:
            position = {**position, "offset": frame["offset"], "last_id": frame["id"]}
        print(frame.get("offset"), event, json.dumps(data), flush=True)


async def listen():
    async with websockets.connect(f"{URL.replace('http', 'ws', 1)}/ws?token={TOKEN}") as socket:
        await socket.send(json.dumps({"id": 1, "event": "subscribe", "data": {"room": ROOM, **position}}))
        async for text in socket:
            take(json.loads(text))
        if socket.close_code == 1008:
            sys.exit(socket.close_reason)


async def main():
    while True:
        try:
            await listen()
        except websockets.ConnectionClosed as closed:
            if closed.code == 1008:
                sys.exit(closed.reason)
        except OSError:
            pass  # nobody there: try again
        await asyncio.sleep(1)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
