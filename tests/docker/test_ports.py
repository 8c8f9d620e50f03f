"""Published ports: every form of -p, from everywhere, and who is seen as the client."""

import pytest

from fairlab import image
from fairlab.engine import host_tool


def answers(site, port, *, host=None):
    """Who answers on a host port, asked from outside and on the host itself."""
    address = host or site.address
    return {
        "outside": {p: site.reaches(p, address, port, seen_from=site.outside) for p in ("tcp", "udp")},
        "host": {p: site.reaches(p, address, port, seen_from=site.host) for p in ("tcp", "udp")},
        "loopback": {p: site.reaches(p, "127.0.0.1", port, seen_from=site.host) for p in ("tcp", "udp")},
    }


def both(answer):
    return {"tcp": answer, "udp": answer}


def only(protocol, answer="a"):
    return {"tcp": "no", "udp": "no", protocol: answer}


@pytest.fixture
def net(site):
    return site.network("--subnet", "10.81.0.0/24")


def test_a_tcp_port_is_published_everywhere_and_udp_is_not(site, net):
    site.up("a", net, "-p", "8080:80")

    assert answers(site, 8080) == {place: only("tcp") for place in ("outside", "host", "loopback")}


def test_a_udp_port_is_published_everywhere_and_tcp_is_not(site, net):
    site.up("a", net, "-p", "8080:80/udp")

    seen = answers(site, 8080)

    assert seen == {place: only("udp") for place in ("outside", "host", "loopback")}


def test_a_port_on_loopback_is_closed_to_the_outside(site, net):
    site.up("a", net, "-p", "127.0.0.1:8080:80", "-p", "127.0.0.1:8080:80/udp")

    assert answers(site, 8080) == {"outside": both("no"), "host": both("no"), "loopback": both("a")}


def test_a_port_on_one_address_is_closed_on_the_others(site, net):
    site.host.run("ip", "addr", "add", f"{site.address[:-2]}2{site.address[-1]}/24", "dev", "up0")
    second = f"{site.address[:-2]}2{site.address[-1]}"
    site.up("a", net, "-p", f"{second}:8080:80", "-p", f"{second}:8080:80/udp")

    seen = {
        "first": site.reaches("tcp", site.address, 8080, seen_from=site.outside),
        "second": site.reaches("tcp", second, 8080, seen_from=site.outside),
        "second, udp": site.reaches("udp", second, 8080, seen_from=site.outside),
        "second, host": site.reaches("tcp", second, 8080, seen_from=site.host),
        "loopback": site.reaches("tcp", "127.0.0.1", 8080, seen_from=site.host),
    }

    site.host.run("ip", "addr", "del", f"{second}/24", "dev", "up0")
    assert seen == {"first": "no", "second": "a", "second, udp": "a", "second, host": "a", "loopback": "no"}


def test_two_containers_may_publish_one_port_on_two_addresses(site, net):
    site.up("a", net, "-p", f"{site.address}:8080:80")
    site.up("b", net, "-p", "127.0.0.1:8080:80")

    seen = {
        "outside": site.reaches("tcp", site.address, 8080, seen_from=site.outside),
        "host": site.reaches("tcp", site.address, 8080, seen_from=site.host),
        "loopback": site.reaches("tcp", "127.0.0.1", 8080, seen_from=site.host),
    }

    assert seen == {"outside": "a", "host": "a", "loopback": "b"}


def test_a_range_of_ports_maps_one_to_one(site, net):
    site.up("a", net, "-p", "8000-8003:7000-7003", "-p", "8000-8003:7000-7003/udp")

    seen = {port: site.reaches("tcp", site.address, port, seen_from=site.outside) for port in range(7999, 8005)}
    udp = site.reaches("udp", site.address, 8002, seen_from=site.outside)

    assert seen == {7999: "no", 8000: "a", 8001: "a", 8002: "a", 8003: "a", 8004: "no"}
    assert udp == "a"


def published(site, container, port="80/tcp"):
    """Host ports of a container's port. A plugin cannot tell Docker (moby ignores it), so fairlead tells itself."""
    if site.driver == "bridge":
        return sorted({int(b["HostPort"]) for b in container.details["NetworkSettings"]["Ports"][port] or []})
    number, protocol = port.split("/")
    rows = [row for row in site.daemon.json("ports") if row["protocol"] == protocol]
    address = next(iter(container.details["NetworkSettings"]["Networks"].values()))["IPAddress"]
    return sorted({row["host_port"] for row in rows
                   if row["container_port"] == int(number) and row["container_address"] == address})


def test_a_port_without_a_host_port_gets_a_free_one(site, net):
    a = site.up("a", net, "-p", "80")
    b = site.up("b", net, "-p", "80")

    ports = [published(site, a), published(site, b)]

    assert len(ports[0]) == len(ports[1]) == 1 and ports[0] != ports[1]
    for name, (port,) in zip("ab", ports):
        assert 32768 <= port <= 60999
        assert site.reaches("tcp", site.address, port, seen_from=site.outside) == name


def test_publish_all_publishes_what_is_exposed(site, net):
    a = site.up("a", net, "-P", "--expose", "80", "--expose", "7001/udp")

    (tcp,), (udp,) = published(site, a), published(site, a, "7001/udp")

    assert site.reaches("tcp", site.address, tcp, seen_from=site.outside) == "a"
    assert site.reaches("udp", site.address, udp, seen_from=site.outside) == "a"


def test_one_of_a_range_of_host_ports_is_chosen(site, net):
    a = site.up("a", net, "-p", "8100-8110:80")
    b = site.up("b", net, "-p", "8100-8110:80")

    (one,), (two,) = published(site, a), published(site, b)

    assert one != two and {one, two} <= set(range(8100, 8111))
    assert site.reaches("tcp", site.address, one, seen_from=site.outside) == "a"
    assert site.reaches("tcp", site.address, two, seen_from=site.outside) == "b"


def test_a_published_port_is_taken_for_other_programs_on_the_host(site, net):
    site.up("a", net, "-p", "8080:80")

    other = site.host.run(image.tool(), "serve", "tcp:8080", check=False, timeout=2)

    assert "Address already in use" in other.err


def test_a_port_that_a_program_of_the_host_holds_is_refused(site, net):
    site.serve(site.host, "tcp:8080")

    error = site.refused("run", "-d", "--name", "box-a", "--network", net, "-p", "8080:80", image.NAME)
    site.containers.append("box-a")

    assert "8080" in error and "in use" in error
    assert site.reaches("tcp", site.address, 8080, seen_from=site.outside) == site.host.name


def test_a_port_of_another_container_is_refused_and_the_other_lives_on(site, net):
    site.up("a", net, "-p", "8080:80")

    error = site.refused("run", "-d", "--name", "box-b", "--network", net, "-p", "8080:80", "-p", "8081:80", image.NAME)
    site.containers.append("box-b")

    assert "8080" in error
    assert site.reaches("tcp", site.address, 8080, seen_from=site.outside) == "a"
    assert site.reaches("tcp", site.address, 8081, seen_from=site.outside) == "no"
    site.docker("rm", "-f", "box-b")
    site.up("c", net, "-p", "8081:80")
    assert site.reaches("tcp", site.address, 8081, seen_from=site.outside) == "c"


def test_a_port_is_free_again_when_its_container_is_gone(site, net):
    a = site.up("a", net, "-p", "8080:80", "-p", "8080:80/udp")
    site.remove(a)

    assert site.reaches("tcp", site.address, 8080, seen_from=site.outside) == "no"
    site.serve(site.host, "8080")
    assert site.reaches("tcp", site.address, 8080, seen_from=site.outside) == site.host.name
    assert site.reaches("udp", site.address, 8080, seen_from=site.outside) == site.host.name


def test_the_network_may_bind_ports_to_one_address(site):
    net = site.network("--subnet", "10.81.0.0/24", "-o", "com.docker.network.bridge.host_binding_ipv4=127.0.0.1")
    site.up("a", net, "-p", "8080:80")

    assert answers(site, 8080) == {"outside": both("no"), "host": both("no"), "loopback": only("tcp")}


def test_the_client_address_arrives_unchanged_where_it_can(site, net):
    two = site.network("--subnet", "10.82.0.0/24", name="two")
    a = site.up("a", net, "-p", "8080:80", "-p", "8080:80/udp")
    b = site.up("b", net)
    c = site.up("c", two)
    clients = {
        "outside": (site.outside, site.address),
        "host by 127.0.0.1": (site.host, "127.0.0.1"),
        "host by its own address": (site.host, site.address),
        "same network by the host's address": (b, site.address),
        "other network by the host's address": (c, site.address),
        "itself by the host's address": (a, site.address),
        "same network by the gateway": (b, "10.81.0.1"),
    }

    tcp = {who: site.ask("tcp", address, 8080, seen_from=client) for who, (client, address) in clients.items()}
    udp = {who: site.ask("udp", clients[who][1], 8080, seen_from=clients[who][0])
           for who in ("outside", "host by 127.0.0.1", "host by its own address")}

    assert tcp == {
        "outside": "a 198.18.0.1",
        "host by 127.0.0.1": "a 10.81.0.1",
        "host by its own address": "a HOST",
        "same network by the host's address": "a 10.81.0.1",
        "other network by the host's address": "a 10.81.0.1",
        "itself by the host's address": "a 10.81.0.1",
        "same network by the gateway": "a 10.81.0.1",
    }
    assert udp == {
        "outside": "a 198.18.0.1",
        "host by 127.0.0.1": "a 10.81.0.1",
        "host by its own address": "a HOST",
    }


def test_a_container_reaches_udp_ports_of_the_host_too(fairlead):
    """Docker's proxy answers UDP from another address than was asked, so this is fairlead's alone."""
    site = fairlead
    net = site.network("--subnet", "10.81.0.0/24")
    two = site.network("--subnet", "10.82.0.0/24", name="two")
    a = site.up("a", net, "-p", "8080:80/udp")
    b = site.up("b", net)
    c = site.up("c", two)

    seen = [site.ask("udp", site.address, 8080, seen_from=client) for client in (a, b, c)]

    assert seen == ["a 10.81.0.1"] * 3


def test_two_networks_of_a_container_publish_by_one_and_move_when_it_is_left(site, net):
    two = site.network("--subnet", "10.82.0.0/24", name="two")
    a = site.up("a", net, "-p", "8080:80")
    site.connect(two, a)

    assert site.ask("tcp", site.address, 8080, seen_from=site.outside) == "a 198.18.0.1"

    site.docker("network", "disconnect", net, a.name)
    assert site.ask("tcp", site.address, 8080, seen_from=site.outside) == "a 198.18.0.1"


def test_an_established_connection_and_many_new_ones_share_a_port(site, net):
    site.up("a", net, "-p", "8080:80")
    stream = site.outside.start(image.tool(), "stream", "-t", "2000", site.address, "8080", until=None,
                                log=f"/tmp/fltest-stream-{site.driver}")

    seen = {site.ask("tcp", site.address, 8080, seen_from=site.outside) for _ in range(30)}

    assert seen == {"a 198.18.0.1"}
    assert stream.popen.wait(10) == 0
    assert host_tool(site.outside, "ask", "tcp", site.address, "8080") == "a 198.18.0.1"
