"""The client that document 002 prints, line by line; only the token, the ends of lines and the end are added."""

import asyncio
import json
import sys

import websockets


async def chat_client(host: str, user_id: str, conversation_id: str, token: str):
    uri = f"{host}/ws/{user_id}?token={token}"

    async with websockets.connect(uri) as websocket:
        # Join conversation
        await websocket.send(json.dumps({
            'type': 'join_conversation',
            'conversation_id': conversation_id
        }))

        # Start listening for messages
        async def receive_messages():
            async for message in websocket:
                data = json.loads(message)
                print(f"Received: {json.dumps(data)}", flush=True)
            print(f"Closed: {websocket.close_code} {websocket.close_reason}", flush=True)

        # Send messages
        async def send_messages():
            while True:
                content = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
                if not content:
                    return await websocket.close()
                await websocket.send(json.dumps({
                    'type': 'send_message',
                    'conversation_id': conversation_id,
                    'content': content.rstrip('\n')
                }))

        # Run both tasks
        await asyncio.gather(
            receive_messages(),
            send_messages()
        )

# Run the client
asyncio.run(chat_client(*sys.argv[1:]))
