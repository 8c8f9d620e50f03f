"""Request and response, and connections: one after the other, each timed."""

from . import traffic
from .case import HIGHER, LOWER, Case
from .contender import ACROSS, ECHO_PORT, FRAMES, LOCAL, MASQUERADE, PUBLISHED, STREAM_PORT, SUPER


class RequestResponse(Case):
    """One byte there and one back. The figure is the median of all exchanges of the run."""

    unit = "µs"
    cpu_unit = "µs/transaction"
    better = LOWER

    def __init__(self, name, what, path, protocol, kinds=(SUPER, FRAMES)):
        self.id, self.what, self.path, self.protocol, self.kinds = name, what, path, protocol, kinds

    def take(self, contender, seconds):
        path = contender.path(self.path)
        traffic.serve(path, "udp" if self.protocol == "udp" else "stream")
        port = path.port(ECHO_PORT if self.protocol == "udp" else STREAM_PORT)
        answer = traffic.ask(path, "rr", self.protocol, path.address, port, int(seconds * 1000))
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
        traffic.serve(path, "once")
        answer = traffic.ask(path, "crr", path.address, path.port(ECHO_PORT), int(seconds * 1000))
        return {"value": answer["transactions"] / answer["seconds"], **timed(answer)}


def timed(answer):
    return {"work": answer["transactions"], "busy": answer["busy_seconds"] * 1e6,
            **{name: answer[name] for name in ("mean_us", "p50_us", "p90_us", "p99_us", "max_us")}}


CASES = [
    RequestResponse("tcp-rr", "TCP request/response, median latency", ACROSS, "tcp"),
    RequestResponse("udp-rr", "UDP request/response, median latency", ACROSS, "udp"),
    RequestResponse("local-rr", "TCP request/response, containers of one host", LOCAL, "tcp", kinds=(SUPER,)),
    Connections("crr", "new TCP connections", ACROSS),
    Connections("published-crr", "new TCP connections to a published port", PUBLISHED, kinds=(SUPER,)),
    Connections("masquerade-crr", "new TCP connections from a container to the outside", MASQUERADE, kinds=(SUPER,)),
]
