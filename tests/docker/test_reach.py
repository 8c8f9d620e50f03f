"""Who reaches whom."""

import pytest

PROTOCOLS = ("tcp", "udp", "ping")


def matrix(site, targets, **sources):
    return {
        f"{name} -> {target}": {p: site.reaches(p, address, port, seen_from=source) for p in PROTOCOLS}
        for name, source in sources.items()
        for target, (address, port) in targets.items()
    }


def all_of(answer):
    return {"tcp": answer, "udp": answer, "ping": "no" if answer == "no" else "yes"}


@pytest.fixture
def two_networks(site):
    one = site.network("--subnet", "10.81.0.0/24", name="one")
    two = site.network("--subnet", "10.82.0.0/24", name="two")
    return site.up("a", one), site.up("b", one), site.up("c", two)


def test_networks_are_open_inside_and_closed_to_each_other(site, two_networks):
    a, _, _ = two_networks
    site.serve(site.host, "9000")
    site.serve(site.outside, "9000")
    hostname = site.host.name

    seen = matrix(site, {
        "itself": ("10.81.0.2", 80),
        "same network": ("10.81.0.3", 80),
        "other network": ("10.82.0.2", 80),
        "unused address": ("10.81.0.99", 80),
        "gateway": ("10.81.0.1", 9000),
        "gateway of the other network": ("10.82.0.1", 9000),
        "host": (site.address, 9000),
        "outside": ("198.18.0.1", 9000),
        "outside, far": (site.wire.FAR_V4, 9000),
    }, a=a)

    assert seen == {
        "a -> itself": all_of("a"),
        "a -> same network": all_of("b"),
        "a -> other network": all_of("no"),
        "a -> unused address": all_of("no"),
        "a -> gateway": all_of(hostname),
        "a -> gateway of the other network": all_of(hostname),
        "a -> host": all_of(hostname),
        "a -> outside": all_of("outside"),
        "a -> outside, far": all_of("outside"),
    }


@pytest.mark.usefixtures("two_networks")
def test_the_host_reaches_containers_and_outside_does_not(site):
    site.outside.run("ip", "route", "replace", "10.81.0.0/24", "via", site.address)

    seen = matrix(site, {"a": ("10.81.0.2", 80), "c": ("10.82.0.2", 80)}, host=site.host, outside=site.outside)

    site.outside.run("ip", "route", "del", "10.81.0.0/24")
    assert seen == {
        "host -> a": all_of("a"),
        "host -> c": all_of("c"),
        "outside -> a": all_of("no"),
        "outside -> c": all_of("no"),
    }


def test_who_is_seen_as_the_client_without_ports(site, two_networks):
    a, _, _ = two_networks
    site.serve(site.host, "9000")
    site.serve(site.outside, "9000")

    seen = {
        "b sees a": site.ask("tcp", "10.81.0.3", 80, seen_from=a),
        "a sees host": site.ask("tcp", "10.81.0.2", 80, seen_from=site.host),
        "host sees a": site.ask("tcp", "10.81.0.1", 9000, seen_from=a),
        "host, own address, sees a": site.ask("udp", site.address, 9000, seen_from=a),
        "outside sees a": site.ask("tcp", "198.18.0.1", 9000, seen_from=a),
        "outside sees a, udp": site.ask("udp", "198.18.0.1", 9000, seen_from=a),
    }

    assert seen == {
        "b sees a": "b 10.81.0.2",
        "a sees host": "a 10.81.0.1",
        "host sees a": f"{site.host.name} 10.81.0.2",
        "host, own address, sees a": f"{site.host.name} 10.81.0.2",
        "outside sees a": "outside HOST",
        "outside sees a, udp": "outside HOST",
    }


def test_an_internal_network_is_closed_to_the_outside_but_not_to_the_host(site):
    net = site.network("--internal", "--subnet", "10.81.0.0/24")
    a = site.up("a", net)
    site.up("b", net)
    site.serve(site.outside, "9000")
    site.serve(site.host, "9000")

    inside = matrix(site, {"b": ("10.81.0.3", 80), "outside": ("198.18.0.1", 9000)}, a=a)
    from_host = matrix(site, {"a": ("10.81.0.2", 80)}, host=site.host)
    # Even if the container makes itself a default route.
    a.run("ip", "route", "replace", "default", "via", "10.81.0.1")
    forced = matrix(site, {"outside": ("198.18.0.1", 9000)}, a=a)

    assert inside == {"a -> b": all_of("b"), "a -> outside": all_of("no")}
    assert from_host == {"host -> a": all_of("a")}
    assert forced == {"a -> outside": all_of("no")}


def test_without_icc_containers_reach_only_the_outside_and_the_host(site):
    net = site.network("--subnet", "10.81.0.0/24", "-o", "com.docker.network.bridge.enable_icc=false")
    a = site.up("a", net)
    site.up("b", net)
    site.serve(site.outside, "9000")
    site.serve(site.host, "9000")

    seen = matrix(site, {"b": ("10.81.0.3", 80), "outside": ("198.18.0.1", 9000), "host": ("10.81.0.1", 9000)}, a=a)

    assert seen == {
        "a -> b": all_of("no"),
        "a -> outside": all_of("outside"),
        "a -> host": all_of(site.host.name),
    }


def test_without_masquerade_the_outside_sees_the_container_itself(site):
    net = site.network("--subnet", "10.81.0.0/24", "-o", "com.docker.network.bridge.enable_ip_masquerade=false")
    a = site.up("a", net)
    site.serve(site.outside, "9000")
    site.outside.run("ip", "route", "replace", "10.81.0.0/24", "via", site.address)

    seen = {p: site.ask(p, "198.18.0.1", 9000, seen_from=a) for p in ("tcp", "udp")}
    ping = site.reaches("ping", "198.18.0.1", seen_from=a)

    site.outside.run("ip", "route", "del", "10.81.0.0/24")
    assert seen == {"tcp": "outside 10.81.0.2", "udp": "outside 10.81.0.2"}
    assert ping == "yes"


def test_a_large_ping_crosses_in_fragments(site, two_networks):
    a, _, _ = two_networks

    seen = {
        "same network": a.run("ping", "-c1", "-W2", "-s", "4000", "10.81.0.3", check=False).code,
        "outside": a.run("ping", "-c1", "-W2", "-s", "4000", "198.18.0.1", check=False).code,
    }

    assert seen == {"same network": 0, "outside": 0}


def test_traceroute_sees_the_gateway(site, two_networks):
    a, _, _ = two_networks

    told = site.docker("exec", a.name, "traceroute", "-n", "-m", "3", "-q", "1", "-w", "1", site.wire.FAR_V4).out

    hops = [line.split()[1] for line in told.splitlines() if line.strip()[0].isdigit()]
    assert hops[:2] == ["10.81.0.1", site.wire.FAR_V4]
