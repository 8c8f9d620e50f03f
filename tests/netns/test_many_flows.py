"""Very many flows at a time, and floods: none is mixed up with another, and nobody starves the rest."""

import re
import signal

import pytest

from fairlab import image
from fairlab.cnm import binding
from fairlab.flows import Flows, go_on, make_room
from fairlab.process import wait_until

V4, V6 = "10.81.0.0/24", "2001:db8:81::/64"

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


def flows_of(lab, box, which="flows"):
    """How many a container has, as the programs count; `which`: or of them "half_open_flows"."""
    return next(row[which] for row in lab.daemon.json("endpoints") if row["mac"].lower() == box.mac.lower())


def flood(place, source, sources, target, port):
    """SYNs from `sources` addresses from `source` on, 10 000 a second."""
    return place.start(image.tool(), "syns", "-t", "600000", source, sources, target, port, 10_000, until="ready")


class Company:
    """What other containers do meanwhile, and must go on doing: flows that are held, a transfer, pings."""

    def __init__(self, box, source, target, ports, seen_as, path):
        self.flows = Flows(box, path / "held", "tcp", target, ports, 300, 10_000, source, seen_as=seen_as)
        self.flows.all_right()
        self.bulk = box.start(image.tool(), "bulk", "-t", "600000", target, "9000", "0", log=f"{path}/bulk")
        self.ping = box.start("ping", "-q", "-i", "0.05", target, log=f"{path}/ping")

    def end(self):
        go_on([self.flows])
        self.flows.end()
        assert self.bulk.stop(signal.SIGTERM, timeout=60) == 0, self.bulk.tail()
        self.ping.stop(signal.SIGINT)
        sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", self.ping.tail()).groups())
        assert received > 0.8 * sent, self.ping.tail()  # the machine may drop some; a broken flow, all


@pytest.mark.parametrize("family", [0, 1], ids=["IPv4", "IPv6"])
def test_a_syn_flood_from_one_container_starves_no_other(lab, family, tmp_path):
    """To the very port that others use: the flood takes all masquerade ports, and has to give them back."""
    net = lab.runtime.network(V4, V6)
    flooder, b, c = (net.container(name) for name in "abc")
    source, source_b, source_c = ((box.address, box.address6)[family] for box in (flooder, b, c))
    target, nowhere = lab.outside.addresses[family], ("198.18.98.1", "2001:db8:98::1")[family]
    own = lab.host.addresses[family]
    make_room(lab.outside)
    lab.outside.start(image.tool(), "answer", "tcp", 7001, 1, until="ready")
    lab.outside.start(image.tool(), "sink", 9000, until="ready")
    # What it asked for it never takes.
    flooder.run(("iptables", "ip6tables")[family], "-A", "INPUT", "-p", "tcp", "-j", "DROP")
    company = Company(b, source_b, target, [7001], own, tmp_path)

    floods = [flood(flooder, source, 1, to, 7001) for to in (target, nowhere)]
    wait_until(lambda: flows_of(lab, flooder, "half_open_flows") > 2 * NAT_PORTS - 1000,
               "the flood to take all ports", timeout=60)
    for n in range(3):
        new = Flows(c, tmp_path / f"new{n}", "tcp", target, [7001], 200, 20_000 + 1000 * n, source_c, seen_as=own)
        new.all_right()
        go_on([company.flows, new])
        new.end()
    company.end()

    assert all(one.alive() for one in floods)
    assert flows_of(lab, flooder) < 2 * NAT_PORTS + 100, "no more than there are ports"


@pytest.mark.parametrize("family", [0, 1], ids=["IPv4", "IPv6"])
def test_a_syn_flood_to_one_published_port_leaves_the_others_alone(lab, family, tmp_path):
    net = lab.runtime.network(V4, V6)
    a, b = net.container("a", binding(8080, 8080)), net.container("b", binding(8081, 8081))
    own, outside = lab.host.addresses[family], lab.outside.addresses[family]
    make_room(a)
    a.start(image.tool(), "answer", "tcp", 8080, 1, until="ready")
    b.start(image.tool(), "answer", "tcp", 8081, 1, until="ready")
    lab.outside.start(image.tool(), "answer", "tcp", 7001, 1, until="ready")
    lab.outside.start(image.tool(), "sink", 9000, until="ready")
    company = Company(b, (b.address, b.address6)[family], outside, [7001], own, tmp_path)
    inward = Flows(lab.outside, tmp_path / "in", "tcp", own, [8081], 300, 10_000, outside)
    inward.all_right()

    one = flood(lab.outside, ("198.19.0.0", "2001:db8:f10d::")[family], 65536, own, 8080)
    wait_until(lambda: flows_of(lab, a, "half_open_flows") > 20_000, "the flood to come in", timeout=60)
    go_on([inward, company.flows])
    new = Flows(lab.outside, tmp_path / "new", "tcp", own, [8081], 200, 20_000, outside)
    new.all_right()
    go_on([inward, new])
    company.end()

    assert one.alive()
    for crowd in (inward, new):
        crowd.end()


SHORT = "[nat]\nflows_per_container = 3000\n[nat.timeouts]\ntcp_half_open = 3"


@pytest.mark.parametrize("lab", [{"settings": SHORT}], indirect=True)
def test_a_flood_ends_at_the_cap_and_is_forgotten(lab):
    net = lab.runtime.network(V4)
    flooder, b = net.container("a"), net.container("b")
    lab.outside.start(image.tool(), "serve", "tcp:7001", until="ready")

    one = flood(flooder, flooder.address, 1, "198.18.98.1", 7001)
    wait_until(lambda: lab.drops().get("DROP_FLOW_CAP", 0) > 10_000, "the flood to reach the cap", timeout=60)
    most = flows_of(lab, flooder)
    answered = b.tool("ask", "-t", "5000", "tcp", lab.outside.addresses[0], "7001")
    one.stop()

    assert most <= 3000
    assert answered == f"outside {lab.address}"
    wait_until(lambda: flows_of(lab, flooder) == 0, "the flood to be forgotten", timeout=60)
