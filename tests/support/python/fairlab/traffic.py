"""Traffic that goes on while a test does something else."""

import itertools
import re
import signal

from . import image
from .process import wait_until

_numbers = itertools.count(1)


def serve(box, port="9000"):
    """The other end, on a container or a host: sends datagrams back, and swallows what comes by TCP."""
    return box.start(image.tool(), "sink", port, until="ready")


def host_of(place):
    """Of an engine's container, of a container without one, of a host."""
    if hasattr(place, "engine"):
        return place.engine.host
    return getattr(place, "host", place)


class Traffic:
    """A verb of the tool in a container or on a host, until end()."""

    def __init__(self, place, verb, address, *words):
        self.host = host_of(place)
        self.path = f"/run/host/traffic-{next(_numbers)}"
        command = " ".join(map(str, (image.tool(), verb, "-t 600000", address, "9000", *words)))
        self.process = place.start("sh", "-c", f"exec {command} > {self.path} 2>&1")
        wait_until(lambda: "ready" in self.said(), f"{verb} to start")

    def said(self):
        return self.host.run("cat", self.path, check=False).out

    def end(self):
        """The last line of what it says."""
        self.process.stop(signal.SIGTERM, timeout=60)
        return self.said().splitlines()[-1]


class Beat(Traffic):
    """A datagram there and back each `gap` ms."""

    def __init__(self, place, address, gap=5):
        super().__init__(place, "beat", address, gap)

    def lost(self):
        """(how many were sent, how many did not come back)."""
        line = self.end()
        found = re.match(r"sent (\d+) lost (\d+) refused 0$", line)
        assert found, line
        return int(found[1]), int(found[2])


class Stream(Traffic):
    """One TCP connection that sends as much as it can."""

    def __init__(self, place, address):
        super().__init__(place, "bulk", address, 0)

    def worst(self):
        """How many ms it stood still at the longest; fails unless all that was sent has arrived."""
        line = self.end()
        found = re.match(r"whole bytes (\d+) worst-ms (\d+)", line)
        assert found and int(found[1]) > 1_000_000, line
        return int(found[2])
