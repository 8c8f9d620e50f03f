"""Programs at the two ends of a path: servers, and an agent for each client place, which makes all requests there.

The agent keeps its connections and costs no start of programs, so that slices of a tenth of a second of many contenders
can be taken in turn: a machine's speed changes from second to second by more than contenders differ.
"""

import glob
import itertools
import json
import os
import socket
import tempfile

from fairlab.image import TREE
from fairlab.process import Failed, run, wait_until

from .contender import ECHO_PORT, SINK_PORT, STREAM_PORT

FOLDER = os.path.join(TREE, "bench", "tools")
SOURCES = sorted(path for path in glob.glob(os.path.join(FOLDER, "*.c")) if not path.endswith(".bpf.c"))
HEADERS = glob.glob(os.path.join(FOLDER, "*.h"))
TARGET = os.path.join(TREE, "build", "bench", "bench_tool")
SERVERS = {  # name -> (port, verb of the tool)
    "stream": (STREAM_PORT, "serve"),  # echoes as well
    "once": (ECHO_PORT, "serve-once"),
    "udp": (ECHO_PORT, "serve-udp"),
    "sink": (SINK_PORT, "sink"),
}

pinned = True  # set by the command line
_servers = {}  # (id of place, name) -> place, so that no other place gets that id
_agents = {}  # id of place -> (place, file of the connection to its agent)
_numbers = itertools.count(1)


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
    if key in _servers:
        return
    base, verb = SERVERS[name]
    port = path.port(base)
    path.server.start(*on_core(1, (tool(), verb, port)))
    _servers[key] = path.server
    shown = "-uln" if name == "udp" else "-tln"
    wait_until(lambda: f":{port} " in path.server.run("ss", shown).out, f"the server {name} to listen", step=0.05)


def ask(path, *words, timeout=30):
    """A request to the agent on the path's near end, as bench/tools/bench_tool.h lists them. Returns what
    it answers."""
    if id(path.client) not in _agents:
        _agents[id(path.client)] = (path.client, _start_agent(path.client))
    connection = _agents[id(path.client)][1]
    try:
        connection.settimeout(timeout)
        connection.sendall((" ".join(map(str, words)) + "\n").encode())
        text = _line(connection)
        answer = json.loads(text)
    except (OSError, ValueError) as error:
        _drop(path.client)
        raise Failed(f"{words}: no answer: {error}") from None
    if "error" in answer:  # it has ended; the next request starts another one
        _drop(path.client)
        raise Failed(f"{words}: {answer['error']}")
    return answer


def forget():
    """All places are gone, or will be."""
    for place, _ in list(_agents.values()):
        _drop(place)
    _servers.clear()


def _start_agent(place):
    name = os.path.join(tempfile.gettempdir(), f"fairlead-bench-{os.getpid()}-{next(_numbers)}")
    place.start(*on_core(0, (tool(), "agent", name)))
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        wait_until(lambda: _connects(connection, name), "the agent to listen")
    finally:
        if os.path.exists(name):
            os.remove(name)
    return connection


def _connects(connection, name):
    try:
        connection.connect(name)
        return True
    except OSError:
        return False


def _line(connection):
    text = b""
    while not text.endswith(b"\n"):
        more = connection.recv(4096)
        if not more:
            break
        text += more
    return text


def _drop(place):
    _agents.pop(id(place))[1].close()
