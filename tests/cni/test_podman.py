"""podman 4.3 with CNI: what its users do every day."""

import re

import pytest
from fairlab import image
from fairlab.engine import Container, host_tool
from fairlab.talk import connect, serve_one

SUBNET, GATEWAY = "10.91.0.0/24", "10.91.0.1"


@pytest.fixture
def net(podman):
    return podman.network(subnet=SUBNET)


def both(answer):
    return {"tcp": answer, "udp": answer}


def reached(podman, port, *, seen_from, address=None):
    """Who answers, by protocol."""
    return {p: podman.reaches(p, address or podman.address, port, seen_from=seen_from) for p in ("tcp", "udp")}


def whole(client, server, address, size=1 << 20):
    """Whether bytes arrive as they were sent, there and back."""
    listener = serve_one(server, "got = read_all(s); s.sendall(got); s.shutdown(1); say(digest(got))", 81)
    said = connect(client, address, f"s.sendall(pattern({size})); s.shutdown(1); say(digest(read_all(s)))", 81)
    return said == listener.said()


def test_a_container_has_its_address_its_routes_and_its_name(podman, net):
    a = podman.up("a", net)

    row = podman.rows()["box-a"]

    assert row["ipv4"].split("/")[0] == a.address("net") and a.address("net").startswith("10.91.0.")
    assert row["mac"] == a.address("net", "MacAddress")
    assert row["network"] == "net"
    assert a.details["NetworkSettings"]["Networks"]["net"]["Gateway"] == GATEWAY
    assert f"default via {GATEWAY}" in a.run("ip", "route").out


def test_containers_reach_each_other_and_the_way_out(podman, net):
    a, b = podman.up("a", net), podman.up("b", net)
    podman.serve(podman.outside, 80)

    assert whole(a, b, b.address("net"))
    assert podman.ask("tcp", b.address("net"), 80, seen_from=a) == f"b {a.address('net')}"
    assert podman.reaches("ping", GATEWAY, seen_from=a) == "yes"
    for protocol in ("tcp", "udp"):
        assert podman.ask(protocol, podman.wire.FAR_V4, 80, seen_from=a) == "outside HOST"


def test_published_ports_are_reached_from_everywhere(podman, net):
    podman.up("a", net, "-p", "8080:80", "-p", "8080:80/udp")
    b = podman.up("b", net)

    assert reached(podman, 8080, seen_from=podman.outside) == both("a")
    assert reached(podman, 8080, seen_from=podman.host) == both("a")
    assert reached(podman, 8080, seen_from=podman.host, address="127.0.0.1") == both("a")
    assert reached(podman, 8080, seen_from=b) == both("a")
    assert reached(podman, 8081, seen_from=podman.outside) == both("no")


def test_a_published_port_shows_the_container_who_asks(podman, net):
    podman.up("a", net, "-p", "8080:80")

    assert podman.ask("tcp", podman.address, 8080, seen_from=podman.outside) == f"a {podman.outside.addresses[0]}"
    assert podman.ask("tcp", "127.0.0.1", 8080, seen_from=podman.host) == f"a {GATEWAY}"


def test_a_container_reaches_itself_by_its_published_port(podman, net):
    a = podman.up("a", net, "-p", "8080:80")

    assert podman.reaches("tcp", podman.address, 8080, seen_from=a) == "a"


def test_ports_on_one_address_and_in_a_range(podman, net):
    podman.up("a", net, "-p", "127.0.0.1:8080:80", "-p", "8100-8103:7000-7003")

    assert reached(podman, 8080, seen_from=podman.outside)["tcp"] == "no"
    assert reached(podman, 8080, seen_from=podman.host, address="127.0.0.1")["tcp"] == "a"
    seen = {port: podman.reaches("tcp", podman.address, port, seen_from=podman.outside) for port in range(8099, 8105)}
    assert seen == {8099: "no", 8100: "a", 8101: "a", 8102: "a", 8103: "a", 8104: "no"}


def test_the_address_and_the_mac_that_a_user_asks_for(podman, net):
    a = podman.up("a", net, "--ip", "10.91.0.77", "--mac-address", "02:42:0a:5b:00:4d")

    shown = a.run("ip", "addr", "show", "eth0").out

    assert "inet 10.91.0.77/24" in shown and "02:42:0a:5b:00:4d" in shown
    assert podman.rows()["box-a"]["mac"] == "02:42:0a:5b:00:4d"


def test_an_address_that_is_taken_is_refused_and_nothing_is_left(podman, net):
    podman.up("a", net, "--ip", "10.91.0.77")
    before = podman.daemon.json("endpoints")

    said = podman.refused("run", "-d", "--name", "box-b", "--network", net, "--ip", "10.91.0.77",
                          image.NAME)

    assert "10.91.0.77" in said
    assert podman.daemon.json("endpoints") == before
    podman.docker("rm", "-f", "box-b", check=False)


def test_ports_that_podman_holds_itself(podman, net):
    """podman 4 binds published ports after ADD, and its conmon holds them from then on."""
    podman.up("a", net, "-p", "8080:80", "-p", "8080:80/udp")

    assert reached(podman, 8080, seen_from=podman.outside) == both("a")
    assert reached(podman, 8080, seen_from=podman.host, address="127.0.0.1") == both("a")
    held = podman.host.run("ss", "-Hlntup", "sport = :8080").out
    assert "conmon" in held and "fairleadd" not in held


def test_a_port_that_is_taken_is_refused_and_nothing_is_left(podman, net):
    podman.serve(podman.host, "tcp:8080")
    before = podman.links_now()

    said = podman.refused("run", "-d", "--name", "box-a", "--network", net, "-p", "8080:80", image.NAME)

    podman.docker("rm", "-f", "box-a", check=False)
    assert "8080" in said
    assert podman.links_now() == before and podman.daemon.json("endpoints") == []


def test_stop_and_start_bring_the_same_ports_back(podman, net):
    a = podman.up("a", net, "-p", "8080:80", "--ip", "10.91.0.9")

    podman.docker("stop", "-t", "0", "box-a")
    gone = podman.daemon.json("endpoints"), podman.reaches("tcp", podman.address, 8080, seen_from=podman.outside)
    podman.docker("start", "box-a")

    assert gone == ([], "no")
    assert podman.reaches("tcp", podman.address, 8080, seen_from=podman.outside) == "a"
    assert a.refresh().address("net") == "10.91.0.9"


def test_reload_makes_the_network_of_a_running_container_anew(podman, net):
    a = podman.up("a", net, "-p", "8080:80")
    before = a.address("net"), a.address("net", "MacAddress")

    podman.docker("network", "reload", "box-a")

    a.refresh()
    assert (a.address("net"), a.address("net", "MacAddress")) == before
    assert podman.reaches("tcp", podman.address, 8080, seen_from=podman.outside) == "a"
    assert len(podman.daemon.json("endpoints")) == 1


def test_ipv6_beside_ipv4(podman):
    podman.network(subnet="10.92.0.0/24", ipv6={"subnet": "2001:db8:91::/64"}, name="dual")
    a = podman.up("a", "dual", "-p", "8080:80")
    b = podman.up("b", "dual")

    assert podman.rows()["box-a"]["ipv6"].startswith("2001:db8:91::")
    address = re.search(r"inet6 (2001:db8:91::\S+)/64", a.run("ip", "-6", "addr").out)[1]
    assert podman.reaches("tcp", address, seen_from=b) == "a"
    assert podman.reaches("tcp", podman.address6, 8080, seen_from=podman.outside) == "a"
    assert podman.reaches("tcp", "::1", 8080, seen_from=podman.host) == "a"


def test_an_internal_network_leads_nowhere_else(podman):
    podman.network(subnet="10.93.0.0/24", internal=True, name="inner")
    a, b = podman.up("a", "inner"), podman.up("b", "inner")

    assert podman.reaches("tcp", b.address("inner"), seen_from=a) == "b"
    podman.serve(podman.outside, 80)
    assert podman.reaches("tcp", podman.wire.FAR_V4, seen_from=a) == "no"


def test_twenty_containers_at_once(podman, net):
    names = [f"box-{n}" for n in range(20)]
    podman.containers += names
    said = podman.engine.at_once([
        ("run", "-d", "--name", name, "--network", net, "-p", f"{8100 + n}:80", image.NAME)
        for n, name in enumerate(names)])

    rows = podman.rows()
    assert said == "" and sorted(rows) == sorted(names), said
    assert len({row["ipv4"] for row in rows.values()}) == 20
    assert {row["host_port"] for row in podman.daemon.json("ports")} == set(range(8100, 8120))
    first, last = Container(podman.engine, "box-0"), Container(podman.engine, "box-19")
    assert first.tool("ask", "-t", 700, "tcp", last.address("net"), 80).endswith(first.address("net"))
    assert "refused" not in host_tool(podman.outside, "ask", "-t", 700, "tcp", podman.address, 8119)

    podman.docker("rm", "-f", "-t", "0", *names)
    assert podman.settled() == []


def test_without_a_daemon_nothing_starts_and_everything_can_be_removed(podman, net):
    podman.up("a", net, "-p", "8080:80")
    podman.daemon.kill()

    said = podman.refused("run", "-d", "--name", "box-b", "--network", net, image.NAME)
    podman.docker("rm", "-f", "-t", "0", "box-a")
    podman.docker("rm", "-f", "box-b", check=False)
    waiting = podman.tombstones()
    podman.daemon.start()

    assert "fairleadd" in said
    assert len(waiting) >= 1
    assert podman.settled() == []


def test_a_container_lives_on_without_the_daemon_and_is_removed_after_it_is_back(podman, net):
    a, b = podman.up("a", net), podman.up("b", net)

    podman.daemon.kill()
    away = podman.reaches("tcp", b.address("net"), seen_from=a)
    podman.daemon.start()

    assert away == "b" and podman.reaches("tcp", b.address("net"), seen_from=a) == "b"
    assert sorted(podman.rows()) == ["box-a", "box-b"]
