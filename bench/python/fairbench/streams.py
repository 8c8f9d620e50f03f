"""TCP streams, by iperf3."""

import math

from . import machine, traffic
from .case import HIGHER, Case
from .contender import ACROSS, FRAMES, LOCAL, MASQUERADE, PUBLISHED, STREAM_PORT, SUPER


class Stream(Case):
    unit = "Gbit/s"
    cpu_unit = "ms/Gbit"
    better = HIGHER

    def __init__(self, name, what, path, *options, kinds=(SUPER, FRAMES)):
        self.id, self.what, self.path, self.options, self.kinds = name, what, path, options, kinds

    def take(self, contender, seconds):
        path = contender.path(self.path)
        traffic.serve(path, "iperf3")
        traffic.settle()
        whole = max(1, math.ceil(seconds))  # iperf3 takes no fractions
        before = machine.busy_seconds()
        answer = traffic.ask(path, "iperf3", "-c", path.address, "-p", path.port(STREAM_PORT), "-t", whole, "-J", *self.options,
                             timeout=whole + 15)
        busy = machine.busy_seconds() - before
        end = answer["end"]
        gigabits = end["sum_received"]["bytes"] * 8 / 1e9
        return {"value": end["sum_received"]["bits_per_second"] / 1e9, "cpu": busy / gigabits * 1000,
                "retransmits": end["sum_sent"].get("retransmits", 0)}


CASES = [
    Stream("tcp-1", "TCP, 1 flow, to the server", ACROSS),
    Stream("tcp-1-back", "TCP, 1 flow, from the server", ACROSS, "-R"),
    Stream("tcp-4", "TCP, 4 flows, to the server", ACROSS, "-P", "4"),
    Stream("tcp-4-back", "TCP, 4 flows, from the server", ACROSS, "-P", "4", "-R"),
    Stream("published-tcp", "TCP, 1 flow, to a published port", PUBLISHED, kinds=(SUPER,)),
    Stream("published-tcp-back", "TCP, 1 flow, from a published port", PUBLISHED, "-R", kinds=(SUPER,)),
    Stream("masquerade-tcp", "TCP, 1 flow, from a container to the outside", MASQUERADE, kinds=(SUPER,)),
    Stream("masquerade-tcp-back", "TCP, 1 flow, from the outside to a container", MASQUERADE, "-R", kinds=(SUPER,)),
    Stream("local-tcp", "TCP, 1 flow, container to container of a host", LOCAL, kinds=(SUPER,)),
]
