"""Datagrams per second that arrive while one thread sends as many as it can."""

from . import traffic
from .case import HIGHER, Case
from .contender import ACROSS, SINK_PORT


class Flood(Case):
    unit = "kpps"
    cpu_unit = "µs/packet"
    better = HIGHER
    path = ACROSS

    def __init__(self, name, size):
        self.id, self.what, self.size = name, f"UDP, datagrams of {size} bytes that arrive", size

    def take(self, contender, seconds):
        path = contender.path(self.path)
        traffic.serve(path, "sink")
        answer = traffic.ask(path, "flood", path.address, path.port(SINK_PORT), self.size, int(seconds * 1000))
        return {"value": answer["received"] / answer["seconds"] / 1000,
                "sent": answer["sent"] / answer["seconds"] / 1000, "loss": 1 - answer["received"] / answer["sent"],
                "work": answer["received"], "busy": answer["busy_seconds"] * 1e6}


CASES = [Flood("udp-64", 64), Flood("udp-1400", 1400)]
