"""Posts an event. Repeated with the same id it is the same event: python3 publish.py 11 matching-run-7"""

import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("ROOMCAST_URL", "http://127.0.0.1:8000")
TOKEN = os.environ["ROOMCAST_TOKEN"]
matched = int(sys.argv[1]) if len(sys.argv) > 1 else 11
event_id = sys.argv[2] if len(sys.argv) > 2 else None

body = {
    "event": "operation.completed",
    "data": {"project_id": "42", "operation": "matching", "result": {"matched": matched}},
    "id": event_id,
}
headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
request = urllib.request.Request(f"{URL}/api/v1/events", json.dumps(body).encode(), headers)
try:
    with urllib.request.urlopen(request) as response:
        print(response.status, json.dumps(json.load(response)))
except urllib.error.HTTPError as refused:
    sys.exit(f"{refused.code} {json.load(refused)['detail']}")
