"""Traffic that goes on while something happens, and tells whether it was noticed."""

import re

from . import image
from .process import Failed


class Pings:
    """`number` echo requests from a place, one each `interval` seconds."""

    def __init__(self, place, to, number, *, log, interval=0.01):
        self.to, self.number = to, number
        self.program = place.start("ping", "-q", "-i", interval, "-c", number, to, log=log)

    def lost(self, timeout=30):
        """Waits for the end. All must have been sent."""
        self.program.popen.wait(timeout)
        found = re.search(r"(\d+) packets transmitted, (\d+) received", self.program.tail())
        if not found or int(found.group(1)) != self.number:
            raise Failed(f"ping {self.to} did not send {self.number} packets: {self.program.tail()}")
        return self.number - int(found.group(2))


class Stream:
    """A TCP connection from a place, with a byte there and back again and again for some seconds."""

    def __init__(self, place, address, port, seconds, *, log):
        self.program = place.start(image.tool(), "stream", "-t", int(seconds * 1000), address, port, log=log)

    def whole(self, timeout=20):
        """Waits for the end: was the connection there until then?"""
        return self.program.popen.wait(timeout) == 0

    def text(self):
        return self.program.tail()
