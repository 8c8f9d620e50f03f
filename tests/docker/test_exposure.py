"""Who may reach a published port: by options of networks and endpoints, and said at run time."""

import json

import pytest
from fairlab.engine import host_tool
from fairlab.process import wait_until

FRIEND, FRIEND6 = "198.18.0.200", "2001:db8:0:1::200"
STRANGER, STRANGER6 = "198.18.0.1", "2001:db8:0:1::1"

# A client that keeps a flow open and says when it ends.
KEEPER = """
import socket, sys, time
protocol, source, address, port = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
box = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
box.settimeout(1.5)
box.bind((source, 0))
try:
    box.connect((address, int(port)))
    if protocol == "tcp":
        box.recv(200)
    for turn in range(100000):
        box.send(b"x")
        box.recv(200)
        if turn == 3:
            print("alive", flush=True)
        time.sleep(0.05)
except OSError as error:
    print("ended:", error, flush=True)
"""


@pytest.fixture
def site(fairlead):
    """With a second address outside, and without rules afterwards."""
    outside = fairlead.outside
    outside.run(f"ip addr add {FRIEND}/24 dev up0; ip -6 addr add {FRIEND6}/64 dev up0 nodad")
    yield fairlead
    outside.run(f"ip addr del {FRIEND}/24 dev up0; ip -6 addr del {FRIEND6}/64 dev up0")
    for rule in document(fairlead)["rules"]:
        last = rule["host_port"] + rule["count"] - 1
        fairlead.daemon.cli("ports", "reset", f"{rule['host_port']}-{last}/{rule['protocol']}")
    assert document(fairlead)["rules"] == []


def document(site):
    return json.loads(site.daemon.cli("ports", "-o", "json").out)


def both_families(site, *options):
    return site.network("--ipv6", "--subnet", "10.81.0.0/24", "--subnet", "fd81::/64", *options)


def answer(site, source, port=8080, protocol="tcp"):
    """Who answers a client outside that has this address, or "no"."""
    address = site.address6 if ":" in source else site.address
    words = host_tool(site.outside, "ask", "-t", 700, "-b", source, protocol, address, port).split()
    return words[0] if len(words) == 2 else "no"


def answers(site, port=8080, protocol="tcp"):
    return {who: answer(site, who, port, protocol) for who in (FRIEND, STRANGER, FRIEND6, STRANGER6)}


def only(*friends, name="a"):
    return {who: name if who in friends else "no" for who in (FRIEND, STRANGER, FRIEND6, STRANGER6)}


EVERYONE = only(FRIEND, STRANGER, FRIEND6, STRANGER6)


def keep(site, tmp_path, protocol, source, port=8080):
    """A flow that stays open; returns a function that tells what has become of it."""
    address = site.address6 if ":" in source else site.address
    log = tmp_path / f"{protocol}-{source}"
    site.outside.start("/usr/bin/python3", "-c", KEEPER, protocol, source, address, port, log=str(log))
    wait_until(lambda: "alive" in log.read_text(), f"{protocol} from {source} to {address}")
    return log.read_text


def test_a_networks_list_is_who_reaches_its_ports(site):
    net = both_families(site, "-o", f"fairlead.publish.allow={FRIEND},{FRIEND6}")
    site.up("a", net, "-p", "8080:80", "-p", "8080:80/udp")

    assert answers(site) == answers(site, protocol="udp") == only(FRIEND, FRIEND6)
    assert site.reaches("tcp", site.address, 8080, seen_from=site.host) == "a"
    assert site.reaches("udp", site.address6, 8080, seen_from=site.host) == "a"
    assert site.reaches("tcp", "127.0.0.1", 8080, seen_from=site.host) == "a"


def test_a_port_may_have_a_list_of_its_own(site):
    net = both_families(site, "-o", "fairlead.publish.allow.80=", "-o", f"fairlead.publish.allow.7000/udp={FRIEND}")
    site.up("a", net, "-p", "8080:80", "-p", "8080:80/udp", "-p", "7000:7000/udp")

    assert answers(site) == only()
    assert answers(site, protocol="udp") == EVERYONE
    assert answers(site, 7000, "udp") == only(FRIEND)


def test_an_endpoints_list_wins_over_its_networks(site):
    net = both_families(site, "-o", f"fairlead.publish.allow={FRIEND}")
    site.up("a", f"name={net},driver-opt=fairlead.publish.allow={STRANGER}", "-p", "8080:80")
    site.up("b", net, "-p", "8081:80")

    assert answers(site) == only(STRANGER)
    assert answers(site, 8081) == only(FRIEND, name="b")


def test_a_list_can_come_with_network_connect(site):
    net = both_families(site)
    other = site.network("--subnet", "10.82.0.0/24", name="other")
    a = site.up("a", other, "-p", "8080:80")
    site.docker("network", "disconnect", other, a.name)
    site.connect(net, a, "--driver-opt", f"fairlead.publish.allow={FRIEND6}")

    assert answers(site) == only(FRIEND6)


def test_wrong_options_are_refused_in_words(site):
    net = both_families(site)
    error = site.refused("network", "create", "-d", "fairlead", "-o", "fairlead.publish.allow=10.0.0.1/8", "bad")
    assert "fairlead.publish.allow" in error and "10.0.0.0/8" in error
    error = site.refused("run", "-d", "--name", "box-x", "--network", f"name={net},driver-opt=fairlead.speed=9",
                         "fairlead-test")
    site.containers.append("box-x")
    assert "fairlead.speed" in error and "fairlead.publish.allow" in error


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_who_is_denied_at_run_time_loses_what_was_open(site, tmp_path, protocol):
    net = both_families(site)
    site.up("a", net, "-p", f"8080:80/{protocol}")
    flows = {who: keep(site, tmp_path, protocol, who) for who in (FRIEND, STRANGER, FRIEND6, STRANGER6)}

    site.daemon.cli("ports", "allow", f"8080/{protocol}", FRIEND, FRIEND6)

    for who in (STRANGER, STRANGER6):
        wait_until(lambda: "ended" in flows[who](), f"the flow of {who} to end", timeout=10)  # noqa: B023
    assert answers(site, protocol=protocol) == only(FRIEND, FRIEND6)
    assert "ended" not in flows[FRIEND]() + flows[FRIEND6](), "whoever may stay does not notice"

    site.daemon.cli("ports", "deny", f"8080/{protocol}")
    for who in (FRIEND, FRIEND6):
        wait_until(lambda: "ended" in flows[who](), f"the flow of {who} to end", timeout=10)  # noqa: B023
    assert answers(site, protocol=protocol) == only()
    assert site.reaches(protocol, site.address, 8080, seen_from=site.host) == "a"

    site.daemon.cli("ports", "reset", f"8080/{protocol}")
    assert answers(site, protocol=protocol) == EVERYONE


def test_allow_adds_to_the_networks_list_and_deny_takes_out_of_it(site):
    net = both_families(site, "-o", f"fairlead.publish.allow={FRIEND}")
    site.up("a", net, "-p", "8080:80")

    site.daemon.cli("ports", "allow", "8080", STRANGER6)
    assert answers(site) == only(FRIEND, STRANGER6)
    site.daemon.cli("ports", "deny", "8080", f"{FRIEND[:-3]}128/25")
    assert answers(site) == only(STRANGER6)
    site.daemon.cli("ports", "deny", "8080", STRANGER6)
    assert answers(site) == only(), "the last one on the list: nobody, not everyone"


def test_rules_outlive_the_daemon_the_container_and_its_port(site):
    net = both_families(site)
    site.daemon.cli("ports", "deny", "8080", STRANGER)
    assert "not published" in site.daemon.cli("ports").out
    a = site.up("a", net, "-p", "8080:80")
    expected = only(FRIEND, FRIEND6, STRANGER6)
    assert answers(site) == expected

    site.daemon.stop()
    assert answers(site) == expected
    site.daemon.start()
    assert answers(site) == expected

    site.docker("restart", "-t", "0", a.name)
    wait_until(lambda: answers(site) == expected, "the container to serve again", timeout=10)
    site.remove(a)
    site.up("b", net, "-p", "8080:80")
    assert answers(site) == only(FRIEND, FRIEND6, STRANGER6, name="b")


def test_containers_of_this_host_count_by_their_own_address(site):
    net = both_families(site, "-o", f"fairlead.publish.allow={FRIEND}")
    two = site.network("--subnet", "10.82.0.0/24", name="two")
    site.up("a", net, "-p", "8080:80", "-p", "8080:80/udp")
    b = site.up("b", net, "--ip", "10.81.0.33")
    c = site.up("c", two, "--ip", "10.82.0.33")

    def seen():
        return {box.name: (site.reaches("tcp", site.address, 8080, seen_from=box),
                           site.reaches("udp", site.address, 8080, seen_from=box)) for box in (b, c)}

    assert seen() == {"box-b": ("no", "no"), "box-c": ("no", "no")}
    site.daemon.cli("ports", "allow", "8080", "10.82.0.33")
    site.daemon.cli("ports", "allow", "8080/udp", "10.81.0.0/24")
    assert seen() == {"box-b": ("no", "a"), "box-c": ("a", "no")}
    assert site.reaches("tcp", "10.81.0.2", 80, seen_from=b) == "a", "within the network nothing changes"


def test_ports_of_a_range_can_differ(site):
    net = both_families(site)
    site.up("a", net, "-p", "7000-7003:7000-7003/udp")

    site.daemon.cli("ports", "deny", "7001-7002/udp", STRANGER)

    seen = {port: answer(site, STRANGER, port, "udp") for port in range(7000, 7004)}
    assert seen == {7000: "a", 7001: "no", 7002: "no", 7003: "a"}
    assert {answer(site, FRIEND, port, "udp") for port in range(7000, 7004)} == {"a"}


def test_people_see_who_may_reach_a_port_and_why(site):
    net = both_families(site, "-o", f"fairlead.publish.allow={FRIEND}")
    site.up("a", net, "-p", f"{site.address}:8080:80", "-p", "127.0.0.1:8081:80", "-p", f"[{site.address6}]:8082:80",
            "-p", f"{site.address}:8083:80")

    said = site.daemon.cli("ports", "deny", "8083").out

    assert "nobody" in said and "8080" not in said
    rows = {line.split()[0]: line for line in site.daemon.cli("ports").out.splitlines()[1:]}
    assert rows[f"{site.address}:8080"].split()[-2:] == [FRIEND, "network"]
    assert rows["127.0.0.1:8081"].endswith("this host only   network")
    assert rows[f"[{site.address6}]:8082"].split()[-2:] == ["nobody", "network"]
    assert rows[f"{site.address}:8083"].endswith("run time")
    assert "4: 1 limited, 1 on this host only, 2 closed" in site.daemon.cli("status").out
    refused = site.daemon.cli("ports", "allow", "http", check=False)
    assert refused.code == 1 and "is no port of the host" in refused.err
