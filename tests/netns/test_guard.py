"""What containers may not do, and the name of the reason they are told apart by."""

import pytest

from fairlab.cnm import binding
from fairlab.engine import host_tool

V4, V6 = "10.81.0.0/24", "2001:db8:81::/64"


def counted(lab, before, reason):
    after = lab.drops()
    return {name for name in after if after[name] > before.get(name, 0)} >= {reason}


@pytest.fixture
def two(lab):
    other = lab.runtime.network("10.82.0.0/24", "2001:db8:82::/64")
    return lab.runtime.network(V4, V6).container("a"), other.container("c")


def test_a_foreign_source_address_is_dropped(lab, two):
    a, _ = two
    before = lab.drops()
    a.run("ip addr add 10.81.0.50/24 dev eth0; ip addr add 203.0.113.5/24 dev eth0; "
          "ip -6 addr add 2001:db8:81::50/64 dev eth0 nodad")

    assert not a.ping("10.81.0.1", "-I", "10.81.0.50")
    assert not a.ping("198.18.0.1", "-I", "203.0.113.5")
    assert not a.ping("2001:db8:81::1", "-I", "2001:db8:81::50")
    assert counted(lab, before, "DROP_SPOOFED_SOURCE")
    assert a.ping("10.81.0.1", "-I", "10.81.0.2")


def test_a_foreign_mac_is_dropped(lab, two):
    a, _ = two
    before = lab.drops()
    a.run("ip link set eth0 down; ip link set eth0 address 02:66:66:66:66:66; ip link set eth0 up")

    assert not a.ping("10.81.0.1")
    assert counted(lab, before, "DROP_SPOOFED_MAC")


def test_networks_are_isolated_whatever_routes_a_container_makes(lab, two):
    a, c = two
    before = lab.drops()
    a.run("ip", "route", "add", "10.82.0.0/24", "dev", "eth0")

    assert not a.ping(c.address) and not a.ping(c.address6)
    a.run("ip", "route", "replace", "10.82.0.0/24", "via", "10.81.0.1")
    assert not a.ping(c.address)
    assert counted(lab, before, "DROP_ISOLATED")


def test_a_container_that_claims_the_gateways_address_fools_nobody(lab, two):
    a, _ = two
    b = a.network.container("b")
    a.run("ip", "addr", "add", "10.81.0.1/24", "dev", "eth0")
    a.run("arping", "-c2", "-A", "-I", "eth0", "10.81.0.1", check=False)

    assert b.ping("10.81.0.1") and b.ping("198.18.0.1")
    gateway = next(word for line in b.run("ip", "neigh", "show", "10.81.0.1").out.splitlines()
                   for word in line.split() if word.count(":") == 5)
    assert gateway != a.mac


def test_nothing_from_outside_reaches_a_container_without_a_published_port(lab, two):
    a, _ = two
    a.serve("80")
    lab.outside.run(f"ip route add {V4} via {lab.address}; ip -6 route add {V6} via {lab.address6}")

    for address in (a.address, a.address6):
        assert host_tool(lab.outside, "ask", "-t", "300", "tcp", address, "80") in ("timeout", "unreachable")
        assert lab.outside.run("ping", "-c1", "-W1", address, check=False).code != 0


def test_a_port_on_loopback_stays_there(lab):
    a = lab.runtime.network(V4).container("a", binding(8080, 80, host_ip="127.0.0.1"))
    a.serve("80")
    lab.outside.run("ip", "route", "add", "127.0.0.7/32", "via", lab.address, check=False)

    assert host_tool(lab.host, "ask", "tcp", "127.0.0.1", "8080").endswith("10.81.0.1")
    assert host_tool(lab.outside, "ask", "-t", "300", "tcp", lab.address, "8080") != f"node {lab.address}"
    assert host_tool(lab.outside, "ask", "-t", "300", "tcp", lab.address, "8080") in ("timeout", "refused")


def test_an_internal_network_has_no_way_out_and_no_gateway(lab):
    net = lab.runtime.network(V4, internal=True)
    a, b = net.container("a"), net.container("b")

    assert a.ping(b.address)
    assert a.run("ip", "route", "show", "default").text == ""
    a.run("ip", "route", "add", "default", "dev", "eth0")
    assert not a.ping("198.18.0.1")


def test_without_icc_neighbours_are_out_of_reach(lab):
    net = lab.runtime.network(V4, com__docker__network__bridge__enable_icc="false")
    a, b = net.container("a"), net.container("b")

    assert not a.ping(b.address)
    assert a.ping("198.18.0.1") and a.ping("10.81.0.1")
