"""Two containers talk over TCP: a piece of Python on each end, with a connected socket `s`."""

import json

PRELUDE = """
import hashlib, json, os, select, socket, struct, sys, threading, time
def say(value): print(json.dumps(value), flush=True)
def read(s, size):
    got = bytearray()
    while len(got) < size:
        part = s.recv(min(size - len(got), 1 << 16))
        if not part: break
        got += part
    return bytes(got)
def read_all(s): return read(s, 1 << 40)
def pattern(size, seed=1):
    block = hashlib.sha512(str(seed).encode()).digest() * 1024
    return (block * (size // len(block) + 1))[:size]
def digest(data): return hashlib.sha256(data).hexdigest()[:16]
"""

LISTEN = """
l = socket.create_server(('::', PORT), family=socket.AF_INET6, backlog=4096, dualstack_ipv6=True)
print('ready', flush=True)
"""

PYTHON = ("/usr/bin/python3", "-u", "-c")


def program(code, port, before=""):
    return PRELUDE + before.replace("PORT", str(port)) + code


class Listener:
    """Python in a container, after it listens as `l`; what it says is read at the end."""

    def __init__(self, box, code, port=80):
        self.process = box.start(*PYTHON, program(code, port, LISTEN), until="ready")

    def said(self, timeout=60):
        out, _ = self.process.popen.communicate(timeout=timeout)
        lines = out.decode().splitlines()
        assert self.process.popen.returncode == 0, f"the server ended with {self.process.popen.returncode}: {lines}"
        return [json.loads(line) for line in lines]


def serve_one(box, code, port=80):
    return Listener(box, "s, _ = l.accept(); s.settimeout(20)\n" + code, port)


def connect(box, address, code, port=80, timeout=60):
    """Runs to its end; returns what it said."""
    before = f"s = socket.create_connection(('{address}', PORT), 10); s.settimeout(20)\n"
    out = box.run(*PYTHON, program(code, port, before), timeout=timeout).out
    return [json.loads(line) for line in out.splitlines()]


def talk(client, server, client_code, server_code, *, v6=False, port=80):
    """What the client said, and what the server."""
    listener = serve_one(server, server_code, port)
    said = connect(client, server.address6 if v6 else server.address, client_code, port)
    return said, listener.said()
