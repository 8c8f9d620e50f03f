"""Very many flows at a time, each of which tells when it is mixed up with another."""

import signal

from . import image
from .process import Failed, wait_until

PATIENCE = "35000"  # ms without any answer after which flows count as dead
ROUND = 300  # seconds that a round may take on a machine that does much else


def make_room(place, **options):
    """Settings of the host's own network namespace, for very many connections."""
    for name, value in (("core/somaxconn", 65535), ("ipv4/tcp_max_syn_backlog", 65535)):
        place.run("sh", "-c", f"echo {value} > /proc/sys/net/{name}", **options)


class Flows:
    """The tool's verb `flows` in a container or on a host: one process of it, or several."""

    EACH = 15_000  # of one process: a process may not open more files than some 20 000 everywhere

    def __init__(self, place, path, protocol, target, ports, count, local_port, *sources, seen_as=None):
        """To each of `ports` of `target` in turn, by local ports from `local_port` on of each of `sources`."""
        self.path, self.rounds = str(path), 0
        self.counts = [min(self.EACH, count - begun) for begun in range(0, count, self.EACH)]
        self.parts = []
        for n, part in enumerate(self.counts):
            words = ["-t", PATIENCE, *(["-b", seen_as] if seen_as else []), protocol, target, ports[0], len(ports),
                     part, local_port + n * self.EACH // len(sources), *sources]
            self.parts.append(place.start(image.tool(), "flows", *words, log=f"{path}.{n}"))

    def said(self, n):
        with open(f"{self.path}.{n}", encoding="ascii") as file:
            return file.read()

    def again(self):
        for part in self.parts:
            part.send(signal.SIGUSR1)

    def all_right(self):
        """Waits for the end of the next round: every flow was answered, and by whom it should."""
        self.rounds += 1
        for n, part in enumerate(self.parts):
            wait_until(lambda n=n, part=part: f"round {self.rounds}:" in self.said(n) or not part.alive(),
                       f"{self.path}.{n} to end round {self.rounds}", timeout=ROUND, step=0.1)
            if f"round {self.rounds}: {self.counts[n]} right, 0 wrong" not in self.said(n):
                raise Failed(self.said(n))

    def end(self):
        for part in self.parts:
            part.send(signal.SIGTERM)
        for n, part in enumerate(self.parts):
            if part.popen.wait(60) != 0:
                raise Failed(self.said(n))


def go_on(crowds):
    """One more round of all of them at the same time."""
    for crowd in crowds:
        crowd.again()
    for crowd in crowds:
        crowd.all_right()
