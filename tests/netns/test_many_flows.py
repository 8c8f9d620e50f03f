"""Very many flows at a time, and floods: none is mixed up with another, and nobody starves the rest."""

import re
import signal

import pytest

from fairlab import image
from fairlab.cnm import binding
from fairlab.daemon import PINS
from fairlab.process import wait_until

V4, V6 = "10.81.0.0/24", "2001:db8:81::/64"
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
            assert f"round {self.rounds}: {self.counts[n]} right, 0 wrong" in self.said(n), self.said(n)

    def end(self):
        for part in self.parts:
            part.send(signal.SIGTERM)
        for n, part in enumerate(self.parts):
            assert part.popen.wait(60) == 0, self.said(n)


def go_on(crowds):
    """One more round of all of them at the same time."""
    for crowd in crowds:
        crowd.again()
    for crowd in crowds:
        crowd.all_right()


@pytest.mark.parametrize("lab", [{"settings": "[maps]\nflows = 262144"}], indirect=True)
@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_a_hundred_thousand_flows_through_one_published_port(lab, family, tmp_path):
    """From four addresses at the same time, by the same local ports."""
    net = lab.runtime.network(V4, V6)
    a = net.container("a", binding(8080, 8080))
    make_room(a)
    if family == "IPv4":
        sources, target = [f"198.18.0.{n}" for n in range(201, 205)], lab.address
    else:
        sources, target = [f"2001:db8:0:1::{n}" for n in range(201, 205)], lab.address6
    for source in sources:
        lab.outside.run(f"ip addr add {source}/{24 if family == 'IPv4' else '64 nodad'} dev up0")
    a.start(image.tool(), "answer", "tcp", 8080, 1, until="ready")

    crowd = Flows(lab.outside, tmp_path / "flows", "tcp", target, [8080], 100_000, 10_000, *sources)
    crowd.all_right()
    go_on([crowd])
    crowd.end()


NAT_PORTS = 65535 - 61000 + 1
PORTS = range(7001, 7015)  # of one address: 14, whose masquerade ports 60 000 flows use up but for 5 in 100


@pytest.mark.parametrize("protocol, family", [("tcp", 0), ("udp", 1)], ids=["TCP-IPv4", "UDP-IPv6"])
def test_sixty_thousand_masqueraded_flows_to_one_address_beside_the_hosts_own(lab, protocol, family, tmp_path):
    net, other = lab.runtime.network(V4, V6), lab.runtime.network("10.82.0.0/24", "2001:db8:82::/64")
    boxes = net.container("a"), net.container("b"), other.container("c")
    own = lab.host.addresses[family]
    target = lab.outside.addresses[family]
    make_room(lab.outside)
    lab.outside.start(image.tool(), "answer", protocol, PORTS[0], len(PORTS), until="ready")
    assert 0.9 < 60_000 / (NAT_PORTS * len(PORTS)) < 0.95

    host = Flows(lab.host, tmp_path / "host", protocol, target, PORTS, 20_000, 35_000, own)
    host.all_right()
    inside = [Flows(box, tmp_path / box.name, protocol, target, PORTS, 20_000, 10_000,
                    (box.address, box.address6)[family], seen_as=own) for box in boxes]
    for crowd in inside:
        crowd.all_right()
    go_on([host, *inside])
    host.end()
    go_on(inside)
    for crowd in inside:
        crowd.end()
