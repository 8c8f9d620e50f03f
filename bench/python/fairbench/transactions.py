"""Request and response, and connections: one after the other, each timed."""

from . import traffic
from .case import HIGHER, LOWER, Case
from .contender import ACROSS, ECHO_PORT, FRAMES, LOCAL, MASQUERADE, PUBLISHED, SUPER


class RequestResponse(Case):
    """One byte there and one back. The figure is the median of all exchanges of the run."""

    unit = "µs"
    cpu_unit = "µs/transaction"
    better = LOWER

    def __init__(self, name, what, path, protocol, kinds=(SUPER, FRAMES)):
        self.id, self.what, self.path, self.protocol, self.kinds = name, what, path, protocol, kinds

    def take(self, contender, seconds):
        path = contender.path(self.path)
        traffic.serve(path, self.protocol)
        traffic.settle()
        answer = traffic.ask(path, traffic.tool(), "rr", self.protocol, path.address, path.port(ECHO_PORT), int(seconds * 1000),
                             timeout=seconds + 15)
        return {"value": answer["p50_us"], **timed(answer)}


class Connections(Case):
    """Connect, a byte there, a byte back, and the server closes."""

    unit = "1/s"
    cpu_unit = "µs/connection"
    better = HIGHER

    def __init__(self, name, what, path, kinds=(SUPER, FRAMES)):
        self.id, self.what, self.path, self.kinds = name, what, path, kinds

    def take(self, contender, seconds):
        path = contender.path(self.path)
        traffic.serve(path, "tcp")
        traffic.settle()
        answer = traffic.ask(path, traffic.tool(), "crr", path.address, path.port(ECHO_PORT), int(seconds * 1000),
                             timeout=seconds + 15)
        return {"value": answer["transactions"] / answer["seconds"], **timed(answer)}


def timed(answer):
    return {"cpu": answer["busy_seconds"] / answer["transactions"] * 1e6,
            **{name: answer[name] for name in ("mean_us", "p50_us", "p90_us", "p99_us", "max_us", "transactions")}}


CASES = [
    RequestResponse("tcp-rr", "TCP request/response, median latency", ACROSS, "tcp"),
    RequestResponse("udp-rr", "UDP request/response, median latency", ACROSS, "udp"),
    RequestResponse("local-rr", "TCP request/response, containers of one host", LOCAL, "tcp", kinds=(SUPER,)),
    Connections("crr", "new TCP connections", ACROSS),
    Connections("published-crr", "new TCP connections to a published port", PUBLISHED, kinds=(SUPER,)),
    Connections("masquerade-crr", "new TCP connections from a container to the outside", MASQUERADE, kinds=(SUPER,)),
]
