"""Programs at the two ends of a path: where they come from, and on which core they run."""

import json
import os
import time

from fairlab.image import TREE
from fairlab.process import Failed, run, wait_until

from .contender import ECHO_PORT, SINK_PORT, STREAM_PORT

SOURCES = [os.path.join(TREE, "bench", "tools", name)
           for name in ("bench_tool.c", "server.c", "client.c", "flood.c", "watch.c", "histogram.c")]
HEADERS = [os.path.join(TREE, "bench", "tools", "bench_tool.h")]
TARGET = os.path.join(TREE, "build", "bench", "bench_tool")
# name -> (port, words before it)
SERVERS = {
    "iperf3": (STREAM_PORT, lambda: ("iperf3", "-s", "-p")),
    "tcp": (ECHO_PORT, lambda: (tool(), "serve-tcp")),
    "udp": (ECHO_PORT, lambda: (tool(), "serve-udp")),
    "sink": (SINK_PORT, lambda: (tool(), "sink")),
}

pinned = True  # set by the command line
_running = {}  # (id of place, name of server) -> place, so that no other place gets that id


def tool():
    """Path of the bench's own tool, built if its sources are newer."""
    newest = max(os.path.getmtime(path) for path in (*SOURCES, *HEADERS))
    if os.path.exists(TARGET) and os.path.getmtime(TARGET) >= newest:
        return TARGET
    os.makedirs(os.path.dirname(TARGET), exist_ok=True)
    fresh = f"{TARGET}.{os.getpid()}"
    run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", fresh, *SOURCES])
    os.replace(fresh, TARGET)
    return TARGET


def on_core(number, words):
    """Clients on core 0, servers on core 1, so that runs agree: where the scheduler puts the two changes every figure
    far more than any network does."""
    if not pinned:
        return list(words)
    return ["taskset", "-c", str(number % os.cpu_count()), *map(str, words)]


def serve(path, name):
    """Starts the server on the path's far end, once."""
    key = (id(path.server), name)
    if key in _running:
        return
    base, words = SERVERS[name]
    port = path.port(base)
    path.server.start(*on_core(1, (*words(), port)))
    _running[key] = path.server
    shown = "-uln" if name == "udp" else "-tln"
    wait_until(lambda: f":{port} " in path.server.run("ss", shown).out, f"the server {name} to listen", step=0.05)


def ask(path, *words, timeout):
    """Runs a client that prints JSON, on the path's near end."""
    outcome = path.client.run(*on_core(0, words), timeout=timeout, check=False)
    try:
        answer = json.loads(outcome.out)
    except ValueError:
        raise Failed(f"no JSON: {outcome}") from None
    if outcome.code != 0 or answer.get("error"):
        raise Failed(f"{' '.join(map(str, words))}: {answer.get('error') or outcome.err}")
    return answer


def settle():
    """What the last run left to do, like freeing its sockets, is not the next one's cost."""
    time.sleep(0.05)
