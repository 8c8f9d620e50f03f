"""Hosts with very many translated flows: TCP connections to a published port, all of which are held open."""

import functools
import os

from fairlab import image
from fairlab.cnm import binding
from fairlab.flows import Flows, make_room

from . import flat
from .doors import Doors
from .shared import Shared
from .wire import DEVICE

NUMBERS = (10, 100_000)
PORT = 8080
SOURCES = [f"198.18.0.{n}" for n in range(201, 205)]
SETTINGS = "[maps]\nflows = 262144\n"  # the same however many there are


class Held(Doors):
    def __init__(self, logs, number):
        self.number = number
        super().__init__(logs, f"flows-{number}", settings=SETTINGS)

    def more(self):
        return (binding(PORT, PORT),)

    def open(self):
        super().open()
        make_room(self.server)
        for source in SOURCES:
            self.client.run("ip", "addr", "add", f"{source}/24", "dev", DEVICE)
        self.server.start(image.tool(), "answer", "tcp", PORT, 1, until="ready")
        crowd = Flows(self.client, os.path.join(self.logs, self.name), "tcp", self.only.address, [PORT], self.number,
                      10_000, *SOURCES)
        crowd.all_right()


def flows(contender, _seconds):
    worlds = {number: functools.partial(Held, contender.logs, number) for number in NUMBERS}
    return flat.compare(worlds, {"one": Doors.flood})


CASES = [
    Shared("flat-flows", f"cost of a UDP packet with {NUMBERS[-1]} other flows, in that with {NUMBERS[0]}", "times",
           flows, "one", flat.ROUNDS),
]
