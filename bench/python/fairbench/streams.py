"""TCP streams, by the bench's own tool: blocks of 128 KiB, a thread for each flow."""

from . import traffic
from .case import HIGHER, Case
from .contender import ACROSS, FRAMES, LOCAL, MASQUERADE, PUBLISHED, STREAM_PORT, SUPER


class Stream(Case):
    """Until the last byte has arrived."""

    unit = "Gbit/s"
    cpu_unit = "ms/Gbit"
    better = HIGHER

    def __init__(self, name, what, path, *, flows=1, way="out", kinds=(SUPER, FRAMES)):
        self.id, self.what, self.path, self.flows, self.way, self.kinds = name, what, path, flows, way, kinds

    def take(self, contender, seconds):
        path = contender.path(self.path)
        traffic.serve(path, "stream")
        answer = traffic.ask(path, "stream", self.way, path.address, path.port(STREAM_PORT), self.flows,
                             int(seconds * 1000))
        gigabits = answer["bytes"] * 8 / 1e9
        return {"value": gigabits / answer["seconds"], "work": gigabits, "busy": answer["busy_seconds"] * 1000}


CASES = [
    Stream("tcp-1", "TCP, 1 flow, to the server", ACROSS),
    Stream("tcp-1-back", "TCP, 1 flow, from the server", ACROSS, way="back"),
    Stream("tcp-4", "TCP, 4 flows, to the server", ACROSS, flows=4),
    Stream("tcp-4-back", "TCP, 4 flows, from the server", ACROSS, flows=4, way="back"),
    Stream("published-tcp", "TCP, 1 flow, to a published port", PUBLISHED, kinds=(SUPER,)),
    Stream("published-tcp-back", "TCP, 1 flow, from a published port", PUBLISHED, way="back", kinds=(SUPER,)),
    Stream("masquerade-tcp", "TCP, 1 flow, from a container to the outside", MASQUERADE, kinds=(SUPER,)),
    Stream("masquerade-tcp-back", "TCP, 1 flow, from the outside to a container", MASQUERADE, way="back",
           kinds=(SUPER,)),
    Stream("local-tcp", "TCP, 1 flow, container to container of a host", LOCAL, kinds=(SUPER,)),
]
