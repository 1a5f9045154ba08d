"""A nightly job that tells everybody in a project how far it is: python3 publish_progress.py RUN [STEPS]

It needs nothing but Python 3. ROOMCAST_TOKEN is an API key or token of a publisher. Everything that it sends bears an id
of its own, so it may send it again until it is answered: a server that is restarted meanwhile loses and repeats nothing.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("ROOMCAST_URL", "http://127.0.0.1:8000").rstrip("/") + "/api/v1"
TOKEN = os.environ.get("ROOMCAST_TOKEN", "")
PROJECT = "42"
GIVE_UP_AFTER = 300  # seconds


class Refused(Exception):
    """The server does not take it; asking again would not help."""


def post(path, body):
    """Sends a request until the server answers it. Raises Refused."""
    request = urllib.request.Request(
        URL + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"},
    )
    pause, give_up = 0.1, time.monotonic() + GIVE_UP_AFTER
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            try:
                problem = json.load(error)
            except ValueError:  # of something in front of the server
                problem = {"retryable": error.code >= 500, "detail": str(error)}
            if not problem.get("retryable"):
                raise Refused(problem.get("detail")) from error
            wait = problem.get("retry_after_ms", 1000 * pause) / 1000
        except (OSError, ValueError):  # nobody there, or gone in the middle of the answer
            wait = pause
        if time.monotonic() > give_up:
            raise TimeoutError("no answer from " + URL)
        time.sleep(wait)
        pause = min(5, 2 * pause)


def emit(event, data, event_id):
    """Emits an event; under the same id it is the same event, however often it is sent."""
    return post("/events", {"event": event, "data": data, "id": event_id})


def main(run, steps):
    head = {"workflow_id": run, "name": "nightly", "project_id": PROJECT}
    emit("workflow.started", {**head, "status": "running"}, run + ".started")
    told = 0.0  # when progress was last told: a few times a second is enough for people
    for step in range(1, steps + 1):
        time.sleep(0.01)  # the work
        fact = {"project_id": PROJECT, "operation": "nightly", "result": step}
        emit("operation.completed", fact, "%s.step-%d" % (run, step))
        if time.monotonic() < told + 0.5 and step < steps:
            continue
        told = time.monotonic()
        progress = {
            "project_id": PROJECT,
            "status": "running",
            "progress": 100 * step / steps,
            "current_step": "step %d" % step,
            "total_steps": steps,
            "attempt": 1,
        }
        post("/workflows/%s/progress" % run, progress)
    emit("workflow.completed", {**head, "status": "completed", "result": steps}, run + ".ended")
    print("%s: %d steps done" % (run, steps))


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    except Refused as reason:
        sys.exit("refused: %s" % reason)
