"""How long containers' interfaces and ports take to be made, and what the daemon needs for many of them."""

import time

from fairlab.cnm import binding

from .case import LOWER, Case
from .contender import CONTROL
from .lone import Control
from .shared import Shared

ENDPOINTS, PORTS = 1000, 1000
NETWORK = "10.80.0.0/16"
FIRST_PORT = 20000


def endpoints(contender, _seconds):
    with contender.lone("endpoints") as lone:
        return _endpoints(lone.runtime.network(NETWORK), lone.daemon)


def _endpoints(network, daemon):
    took = []
    for _ in range(ENDPOINTS):
        started = time.monotonic()
        network.endpoint()
        took.append((time.monotonic() - started) * 1000)
    resident = daemon.resident_kib() / 1024
    daemon.stop()
    started = time.monotonic()
    daemon.start()
    restart = time.monotonic() - started
    whole = sum(took) / 1000
    took.sort()
    return {"median_ms": took[ENDPOINTS // 2], "p99_ms": took[ENDPOINTS * 99 // 100], "all_s": whole,
            "resident_mib": resident, "restart_s": restart, "resident_after_restart_mib": daemon.resident_kib() / 1024}


class Ports(Case):
    """The figure is how long the one call takes by which Docker publishes a container's ports: from the first byte of a
    request that is already written out, until the answer has been read."""

    unit = "ms"
    cpu_unit = "ms of fairleadd"
    better = LOWER
    kinds = (CONTROL,)
    rounds = 5

    def __init__(self, name, what, ports):
        self.id, self.what, self.ports = name, what, ports

    def applies(self, contender):
        return issubclass(contender, Control)

    def take(self, contender, seconds):
        with contender.lone(self.id) as lone:
            box = lone.runtime.network(NETWORK).container("box")
            body = box.written_ports(*(binding(host_port, port) for host_port, port in self.ports))
            before, started = lone.daemon.cpu_ms(), time.monotonic()
            box.send_ports(body)
            whole = (time.monotonic() - started) * 1000
            return {"value": whole, "busy": lone.daemon.cpu_ms() - before, "work": 1}


CASES = [
    Shared("create-join", f"CreateEndpoint and Join, median of {ENDPOINTS}", "ms", endpoints, "median_ms"),
    Shared("endpoints-1000", f"{ENDPOINTS} endpoints on one host", "s", endpoints, "all_s"),
    Shared("memory-1000", f"fairleadd with {ENDPOINTS} endpoints, resident", "MiB", endpoints, "resident_mib"),
    Shared("restart-1000", f"start of fairleadd with {ENDPOINTS} endpoints, until it answers", "s", endpoints,
           "restart_s"),
    Ports("ports-1000", f"{PORTS} ports in a row published on one container, request to answer",
          [(FIRST_PORT + n, FIRST_PORT + n) for n in range(PORTS)]),
    Ports("ports-1000-apart", f"{PORTS} ports published on one container, none beside another, request to answer",
          [(FIRST_PORT + 2 * n, FIRST_PORT + n) for n in range(PORTS)]),
]
