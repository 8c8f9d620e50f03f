"""IPv6 networks: reach, masquerade, published ports."""

import re

import pytest

from fairlab.process import wait_until

SUBNETS = ("--ipv6", "--subnet", "10.81.0.0/24", "--subnet", "2001:db8:81::/64")


@pytest.fixture
def pair(site):
    net = site.network(*SUBNETS)
    a = site.up("a", net, "-p", "8080:80", "-p", "8080:80/udp")
    b = site.up("b", net)
    # The bridge's own addresses are of no use until duplicate address detection is through.
    for address, client in (("2001:db8:81::1", a), (site.wire.FAR_V6, a), ("2001:db8:81::2", site.host)):
        wait_until(lambda to=address, by=client: site.reaches("ping", to, seen_from=by) == "yes",
                   f"{address} to answer")
    return a, b


def test_a_container_has_addresses_and_default_routes_of_both_families(site, pair):
    a, b = pair

    addresses = re.findall(r"inet6 (2001\S+)", a.run("ip", "-6", "-o", "addr", "show", "eth0").out)
    route = " ".join(a.run("ip", "-6", "route", "show", "default").out.split())

    assert addresses == ["2001:db8:81::2/64"]
    assert route.startswith("default via 2001:db8:81::1 dev eth0")
    assert site.reaches("tcp", "10.81.0.2", seen_from=b) == "a"


def test_containers_the_host_and_outside_reach_each_other(site, pair):
    a, b = pair
    site.serve(site.host, "9000")
    site.serve(site.outside, "9000")

    seen = {
        "same network": [site.reaches(p, "2001:db8:81::2", seen_from=b) for p in ("tcp", "udp", "ping")],
        "gateway": [site.reaches(p, "2001:db8:81::1", 9000, seen_from=a) for p in ("tcp", "udp", "ping")],
        "host": [site.reaches(p, site.address6, 9000, seen_from=a) for p in ("tcp", "udp", "ping")],
        "outside": [site.reaches(p, "2001:db8:0:1::1", 9000, seen_from=a) for p in ("tcp", "udp", "ping")],
        "far": [site.reaches(p, site.wire.FAR_V6, 9000, seen_from=a) for p in ("tcp", "udp", "ping")],
        "from host": [site.reaches(p, "2001:db8:81::2", seen_from=site.host) for p in ("tcp", "udp", "ping")],
    }

    host = site.host.name
    assert seen == {
        "same network": ["a", "a", "yes"],
        "gateway": [host, host, "yes"],
        "host": [host, host, "yes"],
        "outside": ["outside", "outside", "yes"],
        "far": ["outside", "outside", "yes"],
        "from host": ["a", "a", "yes"],
    }


def test_the_outside_sees_the_hosts_address(site, pair):
    a, _ = pair
    site.serve(site.outside, "9000")

    assert site.ask("tcp", "2001:db8:0:1::1", 9000, seen_from=a) == "outside HOST6"
    assert site.ask("udp", "2001:db8:0:1::1", 9000, seen_from=a) == "outside HOST6"


@pytest.mark.usefixtures("pair")
def test_a_port_is_published_on_ipv6_addresses(site):
    seen = {
        "outside": site.ask("tcp", site.address6, 8080, seen_from=site.outside),
        "outside, udp": site.ask("udp", site.address6, 8080, seen_from=site.outside),
        "outside, IPv4": site.ask("tcp", site.address, 8080, seen_from=site.outside),
        "loopback": site.ask("tcp", "::1", 8080, seen_from=site.host),
    }

    assert seen == {
        "outside": "a 2001:db8:0:1::1",
        "outside, udp": "a 2001:db8:0:1::1",
        "outside, IPv4": "a 198.18.0.1",
        "loopback": "a 2001:db8:81::1",
    }


def test_networks_are_closed_to_each_other(site, pair):
    a, _ = pair
    two = site.network("--ipv6", "--subnet", "10.82.0.0/24", "--subnet", "2001:db8:82::/64", name="two")
    site.up("c", two)

    assert [site.reaches(p, "2001:db8:82::2", seen_from=a) for p in ("tcp", "udp", "ping")] == ["no"] * 3
    site.outside.run("ip", "-6", "route", "replace", "2001:db8:81::/64", "via", site.address6)
    direct = [site.reaches(p, "2001:db8:81::2", seen_from=site.outside) for p in ("tcp", "udp", "ping")]
    site.outside.run("ip", "-6", "route", "del", "2001:db8:81::/64")
    # The bridge of 20.10 leaves IPv6 containers open to whoever has a route.
    assert site.driver == "bridge" or direct == ["no"] * 3


def test_a_fixed_ipv6_address_is_given(site):
    net = site.network(*SUBNETS)
    a = site.up("a", net, "--ip6", "2001:db8:81::77")
    b = site.up("b", net)

    assert a.address(net, "GlobalIPv6Address") == "2001:db8:81::77"
    assert site.reaches("tcp", "2001:db8:81::77", seen_from=b) == "a"
