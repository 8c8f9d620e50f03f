"""What design.md section 8 asks for: its rows, in its order, each with the parts that must all be reached.

A part reads one case of the runs: as a ratio of two contenders, or as a figure of one. Cases that no contender ran
leave their part unmeasured, and a row without any measured part is null in the JSON.
"""

from dataclasses import dataclass

from . import spread
from .contender import CONTROL, FRAMES, SUPER

OVERLAY, BRIDGE, DEFAULT = "docker-overlay", "docker-bridge", "docker0"  # Docker's own, with real engines
UNDER_DOCKER = "fairlead-docker"
AT_LEAST, AT_MOST = ">=", "<="


@dataclass(frozen=True)
class Part:
    """`against`: the other contender of a ratio; None: the figure itself, in `unit`."""

    label: str
    case: str
    sign: str
    limit: float
    against: str | None = None
    wire: str = SUPER
    contender: str = "fairlead"
    unit: str = ""

    def measured(self, runs):
        """A spread.Figure, or None."""
        own = runs.of(self.wire, self.case, self.contender)
        if self.against:
            return spread.ratio(own, runs.of(self.wire, self.case, self.against))
        return spread.of([run["value"] for run in own])

    def target(self):
        return f"{self.sign} {self.limit:g}{f' {self.unit}' if self.unit else ''}"

    def reached(self, figure):
        """By the median."""
        return figure.median >= self.limit if self.sign == AT_LEAST else figure.median <= self.limit


@dataclass(frozen=True)
class Row:
    id: str
    what: str
    parts: tuple


def of_host(label, case, sign, limit, **more):
    return Part(f"{label}, of host", case, sign, limit, "host", **more)


def of_kernel(label, case, sign, limit):
    return Part(f"{label}, of bridge + kernel vxlan", case, sign, limit, "kernel")


def of_overlay(label, case, sign, limit):
    return Part(f"{label}, of Docker's overlay", case, sign, limit, OVERLAY, contender=UNDER_DOCKER)


def of_bridge(label, case, sign, limit):
    return Part(f"{label}, of Docker's bridge", case, sign, limit, BRIDGE, contender=UNDER_DOCKER)


def of_default(label, case, sign, limit):
    """No names are known on either: nothing is translated in the containers."""
    return Part(f"{label}, of docker0", case, sign, limit, DEFAULT)


def alone(label, case, limit, unit, **more):
    return Part(label, case, AT_MOST, limit, wire=CONTROL, unit=unit, **more)


STREAMS = (("1 flow", "tcp-1"), ("1 flow back", "tcp-1-back"), ("4 flows", "tcp-4"), ("4 flows back", "tcp-4-back"))

ROWS = (
    Row("overlay-tcp", "overlay TCP, 1 flow and 4 flows", (
        *(of_host(label, case, AT_LEAST, 0.96) for label, case in STREAMS),
        *(of_host(f"{label}, frames", case, AT_LEAST, 0.96, wire=FRAMES) for label, case in STREAMS),
        *(of_kernel(label, case, AT_LEAST, 1.3) for label, case in STREAMS))),
    Row("overlay-latency", "overlay TCP request/response latency", (
        of_host("latency", "tcp-rr", AT_MOST, 1.0), of_kernel("latency", "tcp-rr", AT_MOST, 0.75))),
    Row("overlay-connections", "overlay new connections per second", (
        of_host("connections", "crr", AT_LEAST, 1.0), of_overlay("connections", "crr", AT_LEAST, 1.6))),
    Row("overlay-udp-64", "overlay UDP, 64-byte packets per second", (
        of_host("packets", "udp-64", AT_LEAST, 0.95), of_overlay("packets", "udp-64", AT_LEAST, 1.6))),
    Row("published", "published port: TCP; new connections", (
        of_host("TCP", "published-tcp", AT_LEAST, 0.98), of_host("TCP back", "published-tcp-back", AT_LEAST, 0.98),
        of_host("connections", "published-crr", AT_LEAST, 0.95))),
    Row("masquerade", "masquerade: TCP; new connections", (
        of_host("TCP", "masquerade-tcp", AT_LEAST, 0.97), of_host("TCP back", "masquerade-tcp-back", AT_LEAST, 0.97),
        of_host("connections", "masquerade-crr", AT_LEAST, 0.95),
        of_bridge("connections", "masquerade-crr", AT_LEAST, 2))),
    Row("same-host", "same host, container to container: TCP; latency", (
        of_default("TCP", "local-tcp", AT_LEAST, 1.2), of_default("latency", "local-rr", AT_MOST, 0.8),
        of_bridge("TCP", "local-tcp", AT_LEAST, 1.2), of_bridge("latency", "local-rr", AT_MOST, 0.8))),
    Row("packet-time", "BPF time per packet (test run, hot): encap, decap TC, decap XDP, NAT", (
        alone("encap", "packet-encap", 100, "ns"), alone("decap at TC", "packet-decap-tc", 110, "ns"),
        alone("decap by XDP", "packet-decap-xdp", 70, "ns"), alone("NAT", "packet-nat", 130, "ns"))),
    Row("flat", "cost per packet with 10 or 100 000 endpoints, 1 or 50 000 published ports", (
        alone("endpoints, packets to one", "flat-endpoints", 1.1, "times"),
        alone("endpoints, to each in turn", "flat-endpoints-each", 1.1, "times"),
        alone("ports, packets to one", "flat-ports", 1.1, "times"),
        alone("ports, connections to each in turn", "flat-ports-each", 1.1, "times"),
        alone("flows, packets of one", "flat-flows", 1.1, "times"))),
    Row("ports-1000", "publishing 1 000 ports on one container", (
        alone("in the daemon, request to answer", "ports-1000", 50, "ms"),)),
    Row("endpoint", "CreateEndpoint + Join; 1 000 endpoints on one host", (
        alone("median of one", "create-join", 5, "ms"), alone("1 000", "endpoints-1000", 10, "s"))),
    Row("restart", "daemon restart, upgrade", (
        alone("packets lost", "restart-lost", 0, "packets"),
        alone("connections reset", "restart-reset", 0, "connections"))),
    Row("memory", "daemon memory with 1 000 endpoints", (alone("resident", "memory-1000", 64, "MiB"),)),
)

# What is asked for elsewhere.
FURTHER = (
    Row("cni-add", "ADD by CNI, plugin and daemon together", (alone("median of one", "cni-add", 10, "ms"),)),
)


def judge(row, runs):
    """The row as it goes into the JSON."""
    parts = [_judge_part(part, runs) for part in row.parts]
    seen = [part for part in parts if part["measured"] is not None]
    reached = None
    if any(not part["reached"] for part in seen):
        reached = False
    elif len(seen) == len(parts):
        reached = True
    return {"id": row.id, "what": row.what,
            "measured": {part["label"]: part["measured"] for part in parts} if seen else None,
            "target": {part["label"]: part["target"] for part in parts}, "reached": reached, "parts": parts}


def _judge_part(part, runs):
    figure = part.measured(runs)
    return {"label": part.label, "measured": figure and round(figure.median, 4), "low": figure and round(figure.low, 4),
            "high": figure and round(figure.high, 4), "target": part.target(),
            "reached": None if figure is None else part.reached(figure), "wire": part.wire, "case": part.case,
            "contender": part.contender, "against": part.against}
