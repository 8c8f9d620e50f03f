"""The way between hosts changes while it is used."""

import time

import pytest

from fairlab import image
from fairlab.process import wait_until
from fairlab.routed import Routed
from fairlab.traffic import Stream, serve

SUBNETS = ("--ipv6", "--subnet", "10.88.0.0/24", "--subnet", "2001:db8:88::/64")
STALL = 8000  # ms that TCP may take to find its way again: retransmission doubles its pause from 0.2 s on


@pytest.fixture(scope="module")
def routed(logs):
    routed = Routed(f"{logs}/routed").start()
    yield routed
    routed.close()


@pytest.fixture(scope="module")
def boxes(routed):
    h1, h2 = routed.cluster
    h1.shared(*SUBNETS, name="net")
    routed.cluster.everywhere("net")
    a, b = h1.up("a", "net"), h2.up("b", "net")
    serve(b)
    wait_until(lambda: reaches(a, b), "b to be known")
    return a, b


@pytest.fixture(autouse=True)
def straight(routed, boxes):
    """Each test begins with both ways by router 1, as they were at the start, and nobody knows a path MTU."""
    for x in (1, 2):
        routed.route(x, 1)
    forget_mtus(*boxes, *(member.host for member in routed.cluster))


def forget_mtus(*places):
    for place in places:
        place.run("ip", "route", "flush", "cache")
        place.run("ip", "-6", "route", "flush", "cache", check=False)


def reaches(a, b, *words):
    return a.run("ping", "-q", "-c1", "-W1", *words, b.address("net"), check=False).code == 0


def test_a_stream_survives_another_route(routed, boxes):
    a, b = boxes
    stream = Stream(a, b.address("net"))
    before = routed.forwarded(2, 2)

    for x in (1, 2):
        routed.route(x, 2)
    wait_until(lambda: routed.forwarded(2, 2) > before + 1_000_000, "router 2 to be used")
    old = routed.forwarded(1, 2)
    time.sleep(0.3)

    assert routed.forwarded(1, 2) - old < 10_000
    assert stream.worst() < STALL


def test_a_stream_survives_a_device_that_goes_down(routed, boxes):
    a, b = boxes
    for x in (1, 2):
        routed.route(x, 1, 2)
    stream = Stream(a, b.address("net"))

    routed.cluster[0].host.run("ip", "link", "set", "u1", "down")
    routed.cluster[1].host.run(f"ip route replace {routed.tunnel(1)}/32 src {routed.tunnel(2)}"
                               f" via {routed.router_address(2, 2)}")
    before = routed.forwarded(2, 2)
    wait_until(lambda: routed.forwarded(2, 2) > before + 1_000_000, "router 2 to carry all", timeout=20)

    assert stream.worst() < STALL
    routed.cluster[0].host.run("ip", "link", "set", "u1", "up")
    routed.routers[0].run(f"ip route replace {routed.tunnel(1)}/32 via 198.18.11.2")
    routed.routers[0].run(f"ip route replace {routed.tunnel(2)}/32 via 198.18.12.2")


def test_a_stream_survives_another_mac_of_the_next_hop(routed, boxes):
    a, b = boxes
    stream = Stream(a, b.address("net"))
    router = routed.routers[0]

    for x in (1, 2):
        router.run(f"ip link set h{x} address 02:00:00:00:01:0{x}")
        router.run("busybox", "arping", "-q", "-c2", "-A", "-I", f"h{x}", routed.router_address(1, x), check=False)
    before = routed.forwarded(1, 2)
    wait_until(lambda: routed.forwarded(1, 2) > before + 1_000_000, "the new MAC to be used", timeout=20)

    assert stream.worst() < STALL


def test_a_next_hop_that_nobody_resolved_yet_is_asked_for(routed, boxes):
    """No neighbour entry: the first packets go by the kernel's device, and none is lost."""
    a, b = boxes
    host = routed.cluster[0].host
    host.run("ip", "neigh", "flush", "dev", "u2")
    routed.route(1, 2)

    assert a.run("ping", "-q", "-c5", "-i", "0.02", "-W1", b.address("net"), check=False).code == 0
    wait_until(lambda: routed.cluster[0].peers()["h2"]["mode"] == "direct", "the way to be direct")
    assert reaches(a, b)


def test_several_next_hops_are_all_used(routed, boxes):
    a, b = boxes
    for x in (1, 2):
        routed.route(x, 1, 2)
    before = [routed.forwarded(number, 2) for number in (1, 2)]

    for port in range(40):
        a.run(image.tool(), "beat", "-t", "40", "-p", str(20000 + port), b.address("net"), "9000", "1")

    share = [routed.forwarded(number, 2) - was for number, was in zip((1, 2), before)]
    assert min(share) > sum(share) / 5, share


def test_a_smaller_mtu_of_the_uplink_reaches_streams_and_containers(routed, boxes):
    a, b = boxes
    host = routed.cluster[0].host
    stream = Stream(a, b.address("net"))

    host.run("ip", "link", "set", "u1", "mtu", "1400")
    wait_until(lambda: routed.cluster[0].peers()["h2"]["path_mtu"] == 1400, "the peer's path MTU to fall")
    forget_mtus(a)
    told = a.run("ping", "-c2", "-W1", "-M", "do", "-s", "1400", b.address("net"), check=False)

    assert "mtu" in (told.out + told.err).lower() and "1350" in told.out + told.err
    assert stream.worst() < STALL
    host.run("ip", "link", "set", "u1", "mtu", "1500")
    wait_until(lambda: routed.cluster[0].peers()["h2"]["path_mtu"] == 1500, "the peer's path MTU to rise")


def test_a_router_with_a_smaller_mtu_lowers_the_peers_path_mtu(routed, boxes):
    a, b = boxes
    h1, h2 = routed.cluster
    router = routed.routers[0]
    stream = Stream(a, b.address("net"))
    router.run("ip", "link", "set", "h2", "mtu", "1400")
    h2.host.run("ip", "link", "set", "u1", "mtu", "1500")

    wait_until(lambda: h1.peers()["h2"]["path_mtu"] == 1400, "the peer's path MTU to fall")
    stall = stream.worst()
    forget_mtus(a)
    small = {to: a.run("ping", "-c1", "-W1", "-M", "do", "-s", "1280", to, check=False).code for to in both(b)}
    told = {to: a.run("ping", "-c2", "-W1", "-M", "do", "-s", "1400", to, check=False) for to in both(b)}

    assert small == {to: 0 for to in both(b)}
    for to, outcome in told.items():
        assert "mtu" in (outcome.out + outcome.err).lower() and "1350" in outcome.out + outcome.err, (to, outcome)
    assert "From 10.88.0.1 " in told[b.address("net")].out
    assert stall < STALL
    router.run("ip", "link", "set", "h2", "mtu", "1500")


def both(box):
    return box.address("net"), box.address("net", "GlobalIPv6Address")
