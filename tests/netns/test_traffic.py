"""Real packets through real veths: both families, all directions, at full size."""

import hashlib

import pytest

from fairlab import image
from fairlab.cnm import binding
from fairlab.engine import host_tool

V4, V6 = "10.81.0.0/24", "2001:db8:81::/64"


# By TCX where the kernel has it, and by clsact, which is all that the oldest kernel has.
both_attachments = pytest.mark.parametrize("lab", ["auto", "clsact"], indirect=True)


@pytest.fixture
def net(lab):
    return lab.runtime.network(V4, V6)


@both_attachments
def test_the_first_packet_of_every_direction_arrives(lab, net):
    a, b = net.container("a"), net.container("b")

    seen = {
        "a to b": (a.ping(b.address), a.ping(b.address6)),
        "a to gateway": (a.ping("10.81.0.1"), a.ping("2001:db8:81::1")),
        "a to host": (a.ping(lab.address), a.ping(lab.address6)),
        "a to outside": (a.ping("198.18.0.1"), a.ping("2001:db8:0:1::1")),
        "a to far away": (a.ping(lab.wire.FAR_V4), a.ping(lab.wire.FAR_V6)),
        "host to a": tuple(lab.host.run("ping", "-c1", "-W1", to, check=False).code == 0
                           for to in (a.address, a.address6)),
    }

    assert seen == {direction: (True, True) for direction in seen}


@pytest.mark.parametrize("size", [56, 1472, 1473, 4000, 20000])
def test_pings_of_every_size_pass(lab, net, size):
    a, b = net.container("a"), net.container("b")

    assert a.ping(b.address, "-s", size) and a.ping(b.address6, "-s", size)
    assert a.ping(lab.wire.FAR_V4, "-s", size)


@both_attachments
def test_published_ports_of_both_families(lab, net):
    a = net.container("a", binding(8080, 80), binding(8080, 80, protocol=17))
    a.serve("80")

    seen = {
        (protocol, place): host_tool(client, "ask", protocol, address, "8080").split()[-1]
        for protocol in ("tcp", "udp")
        for place, client, address in (("outside", lab.outside, lab.address), ("outside6", lab.outside, lab.address6),
                                       ("host", lab.host, "127.0.0.1"), ("host6", lab.host, "::1"))
    }

    want = {"outside": "198.18.0.1", "outside6": "2001:db8:0:1::1", "host": "10.81.0.1", "host6": "2001:db8:81::1"}
    assert seen == {(protocol, place): client for protocol in ("tcp", "udp") for place, client in want.items()}


@both_attachments
def test_the_daemon_attaches_as_it_is_told(request, lab, net):
    a = net.container("a")

    filters = lab.host.run("tc", "filter", "show", "dev", "fl_host", "egress").out

    mode = lab.daemon.json("status")["datapath"]["attach_mode"]
    assert a.ping("10.81.0.1")
    assert (mode == "clsact") == ("tc_host" in filters)
    assert mode == "clsact" or request.node.callspec.params["lab"] == "auto"


@both_attachments
def test_what_the_host_sends_is_cut_to_the_containers_mtu(lab, net):
    """The host's device has a larger MTU than the container's, and nobody behind it fragments."""
    a = net.container("a", binding(8080, 80, protocol=17))
    sizes = (1400, 1452, 1453, 1472, 1473, 4000, 20000)
    echo = a.start("socat", "UDP6-RECVFROM:80,fork,ipv6only=0", "EXEC:cat")
    ask = ("import socket, sys; f=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET;"
           "s=socket.socket(f, socket.SOCK_DGRAM); s.settimeout(3);"
           "s.sendto(b'x'*4000, (sys.argv[1], int(sys.argv[2])));"
           "print(len(s.recv(65535)))")
    lab.host.run("sleep", "0.3")

    pings = {(to, size): lab.host.run("ping", "-c1", "-W1", "-s", size, to, check=False).code == 0
             for to in (a.address, a.address6) for size in sizes}
    told = [lab.host.run("/usr/bin/python3", "-c", ask, *to, check=False).out.strip()
            for to in ((a.address, "80"), (a.address6, "80"), ("127.0.0.1", "8080"), ("::1", "8080"))]

    echo.stop()
    assert pings == {way: True for way in pings}
    assert told == ["4000"] * 4


def test_a_packet_too_large_for_the_container_is_told_its_mtu(lab, net):
    """As by a route of the administrator's, which does not know the network's MTU."""
    a = net.container("a")
    lab.host.run("ip", "route", "add", f"{a.address}/32", "dev", "fl_host", "src", "10.81.0.1")

    told = lab.host.run("ping", "-c2", "-W1", "-M", "do", "-s", "4000", a.address, check=False)

    assert "1500" in told.out + told.err
    assert any("too_big" in name.lower() for name in lab.drops())


SIZE = 30_000_000


def carry(source, sink, address, port, data_from):
    """Sends SIZE bytes and returns whether what arrived has their checksum."""
    listener = sink(f"socat -u TCP6-LISTEN:{port},ipv6only=0,reuseaddr - | sha256sum > {data_from}.sum; echo done >> "
                    f"{data_from}.sum")
    done = source("sh", "-c", f"for n in 1 2 3 4 5 6 7 8 9; do socat -u OPEN:{data_from} TCP:{address} && exit 0;"
                  " sleep 0.1; done; exit 1", timeout=30)
    listener.popen.wait(30)
    return done.code


@both_attachments
def test_large_transfers_arrive_whole(lab, net, tmp_path):
    a = net.container("a", binding(8080, 80))
    b = net.container("b")
    data = hashlib.shake_128(b"fairlead").digest(1 << 20) * (SIZE >> 20)
    path = tmp_path / "data"
    path.write_bytes(data)
    want = hashlib.sha256(data).hexdigest()
    ways = {
        "same host": (b, a, f"{a.address}:80", 80),
        "same host, IPv6": (b, a, f"[{a.address6}]:80", 80),
        "published": (lab.outside, a, f"{lab.address}:8080", 80),
        "published, IPv6": (lab.outside, a, f"[{lab.address6}]:8080", 80),
        "masqueraded": (b, lab.outside, "198.18.0.1:9", 9),
        "masqueraded, IPv6": (b, lab.outside, "[2001:db8:0:1::1]:9", 9),
        "to the host": (b, lab.host, "10.81.0.1:9", 9),
        "from the host": (lab.host, a, f"{a.address}:80", 80),
        "by the host's loopback": (lab.host, a, "127.0.0.1:8080", 80),
    }

    arrived = {}
    for way, (source, sink, address, port) in ways.items():
        carry(source.run, lambda command, to=sink: to.start("sh", "-c", command), address, port, path)
        arrived[way] = (tmp_path / "data.sum").read_text(encoding="ascii").split()[0] == want

    assert arrived == {way: True for way in ways}


def test_errors_of_the_gateway_reach_the_sender(lab, net):
    a = net.container("a")
    lab.host.run("ip", "route", "add", "unreachable", "203.0.113.0/24")

    no_route = a.run("ping", "-c1", "-W1", "203.0.113.9", check=False).out
    ttl = a.run("ping", "-c1", "-W1", "-t", "1", lab.wire.FAR_V4, check=False).out
    big = a.run("ping", "-c1", "-W1", "-M", "do", "-s", "1400", lab.wire.FAR_V4, check=False)

    assert "From 10.81.0.1" in no_route and "nreachable" in no_route
    assert "From 10.81.0.1" in ttl and "Time to live exceeded" in ttl
    assert big.code == 0


def test_a_smaller_uplink_tells_the_container_its_mtu(lab, net):
    a = net.container("a")
    lab.host.run("ip", "route", "replace", f"{lab.wire.FAR_V4}/32", "via", "198.18.0.1", "mtu", "lock", "1300")

    told = a.run("ping", "-c2", "-W1", "-M", "do", "-s", "1400", lab.wire.FAR_V4, check=False)

    assert "mtu" in told.out.lower() or "mtu" in told.err.lower()
    assert a.ping(lab.wire.FAR_V4, "-s", 1200)


def test_the_peers_name_on_a_redirected_socket_is_what_was_asked_for(lab, net):
    a = net.container("a", binding(8080, 80), binding(8080, 80, protocol=17))
    a.serve("80")
    program = ("import socket; s=socket.create_connection(('127.0.0.1',8080),2); print(*s.getpeername());"
               "u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); u.settimeout(2); u.sendto(b'?',('127.0.0.1',8080));"
               "print(*u.recvfrom(99)[1])")

    told = lab.host.run("/usr/bin/python3", "-c", program).out.splitlines()

    assert told == ["127.0.0.1 8080", "127.0.0.1 8080"]


def test_a_container_uses_the_loopback_of_its_own(lab, net):
    """Socket hooks act for the host's processes alone, whatever their cgroup."""
    a = net.container("a", binding(8080, 80))
    a.serve("80")

    assert a.tool("ask", "tcp", "127.0.0.1", "8080") == "refused"


def test_udp_to_a_container_that_is_replaced_finds_the_new_one(lab, net):
    a = net.container("a", binding(8080, 80, protocol=17))
    a.serve("80")
    assert host_tool(lab.outside, "ask", "-p", "5555", "udp", lab.address, "8080").endswith("198.18.0.1")
    a.remove()

    b = net.container("b", binding(8080, 80, protocol=17))
    b.serve("80")

    assert host_tool(lab.outside, "ask", "-p", "5555", "udp", lab.address, "8080").endswith("198.18.0.1")
    assert host_tool(lab.host, "ask", "udp", "127.0.0.1", "8080").endswith("10.81.0.1")


def test_many_short_connections_through_one_port(lab, net):
    a = net.container("a", binding(8080, 80))
    a.serve("80")
    tool = image.tool()

    done = lab.outside.run("sh", "-c", f"for n in $(seq 300); do {tool} ask tcp {lab.address} 8080 || exit 1; done")

    assert done.out.splitlines() == ["node 198.18.0.1"] * 300
