"""What routers and the other end say of translated packets, on a way with two routers, in both families:

    node .12 -- wire -- .2 r1 .50.1 -- .50.2 r2 .51.1 -- .51.2 far

The link between the routers carries no more than 1400 bytes at a time.
"""

import re

import pytest
from fairlab import image
from fairlab.cnm import binding
from fairlab.engine import host_tool
from fairlab.process import wait_until

V4, V6 = "10.81.0.0/24", "2001:db8:81::/64"
MTU = 1400
FAR, FAR6 = "198.18.51.2", "2001:db8:0:51::2"
R1, R1_6 = "198.18.0.2", "2001:db8:0:1::2"  # on the wire
R2, R2_6 = "198.18.50.2", "2001:db8:0:50::2"  # seen from the node
BACK1, BACK1_6 = "198.18.50.1", "2001:db8:0:50::1"  # r1 and r2, seen from far
BACK2, BACK2_6 = "198.18.51.1", "2001:db8:0:51::1"

FROM_NODE = {False: (R1, R2), True: (R1_6, R2_6)}
FROM_FAR = {False: (BACK2, BACK1), True: (BACK2_6, BACK1_6)}

both_families = pytest.mark.parametrize("six", [False, True], ids=["v4", "v6"])
both_protocols = pytest.mark.parametrize("protocol", ["udp", "tcp"])

# Python, because a container here has the host's files: whoever connects gets this many bytes.
BYTES = 3_000_000
SEND = f"""
import socket
with socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True) as s:
    print("ready", flush=True)
    while True:
        c = s.accept()[0]
        c.sendall(bytes({BYTES}))
        c.close()
"""


def link(left, name, address, right, other_name, other_address, mtu):
    """A pair of devices; addresses: network and last part of both families, ("198.18.50", "2001:db8:0:50:", 1)."""
    left.run(f"ip link add {name} mtu {mtu} type veth peer name {other_name} mtu {mtu}")
    left.give(other_name, right)
    for host, device, (v4, v6, number) in ((left, name, address), (right, other_name, other_address)):
        host.run(f"ip addr add {v4}.{number}/24 dev {device} && ip -6 addr add {v6}:{number}/64 dev {device} nodad"
                 f" && ip link set {device} up")


class Way:
    """The routers and the host behind them."""

    def __init__(self, lab):
        self.lab = lab
        r1, r2, self.far = lab.wire.host("r1", 2), lab.wire.place("r2"), lab.wire.place("far")
        middle, end = ("198.18.50", "2001:db8:0:50:"), ("198.18.51", "2001:db8:0:51:")
        link(r1, "east", (*middle, 1), r2, "west", (*middle, 2), MTU)
        link(r2, "east", (*end, 1), self.far, "up0", (*end, 2), 1500)
        for router in (r1, r2):
            # Every answer counts here, and the kernel's own limit would leave some out.
            router.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
                       " net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000")
        r1.run(f"ip route add 198.18.51.0/24 via {R2} && ip -6 route add 2001:db8:0:51::/64 via {R2_6}")
        r2.run(f"ip route add 198.18.0.0/24 via {BACK1} && ip -6 route add 2001:db8:0:1::/64 via {BACK1_6}")
        self.far.run(f"ip route add default via {BACK2} && ip -6 route add default via {BACK2_6}")
        lab.host.run(f"ip route add 198.18.51.0/24 via {R1} && ip -6 route add 2001:db8:0:51::/64 via {R1_6}")
        wait_until(lambda: self.reaches(lab.address) and self.reaches(lab.address6), "the way to carry packets")

    def reaches(self, address):
        return self.far.run("ping", "-q", "-c1", "-W1", address, check=False).code == 0

    def serve(self, *ports):
        return self.far.start(image.tool(), "serve", *ports, until="ready")


@pytest.fixture
def way(lab):
    return Way(lab)


@pytest.fixture
def net(lab):
    return lab.runtime.network(V4, V6)


def lines(box, *words):
    return box.run(image.tool(), *words, check=False).out.split()


@both_families
@both_protocols
def test_traceroute_from_a_container(way, net, six, protocol):
    way.serve("7000")
    box = net.container("a")
    gateway = "2001:db8:81::1" if six else "10.81.0.1"

    seen = lines(box, "trace", protocol, FAR6 if six else FAR, "7000")

    assert seen == [gateway, *FROM_NODE[six], "reached"]


@both_families
@both_protocols
def test_traceroute_to_a_published_port(way, lab, net, six, protocol):
    net.container("a", binding(8080, 80), binding(8080, 80, protocol=17)).serve("80")
    host = lab.address6 if six else lab.address

    seen = lines(way.far, "trace", protocol, host, "8080")

    assert seen == [*FROM_FAR[six], host, "reached"]


@both_families
def test_pings_that_run_out_of_hops_name_each_router(way, net, six):
    box = net.container("a")
    target = FAR6 if six else FAR
    seen = []
    for hops in range(1, 5):
        out = box.run("ping", "-n", "-c1", "-W2", "-t", hops, target, check=False).out
        seen += re.findall(r"[Ff]rom ([0-9a-f.:]+?)[: ]+icmp_seq", out)

    assert seen == ["2001:db8:81::1" if six else "10.81.0.1", *FROM_NODE[six], target]


@both_families
def test_a_masqueraded_sender_learns_the_path_mtu(way, net, six):
    box = net.container("a")

    assert lines(box, "pmtu", FAR6 if six else FAR, "7000", "1440") == ["mtu", str(MTU)]


@both_families
def test_a_container_behind_a_published_port_learns_the_path_mtu(way, lab, net, six):
    box = net.container("a", binding(8080, 80, protocol=17))
    host, far = (lab.address6, FAR6) if six else (lab.address, FAR)
    # Opens the flow that the answers then belong to. Nobody listens yet.
    assert host_tool(way.far, "ask", "-p", "6000", "udp", host, "8080") == "refused"

    assert lines(box, "pmtu", "-p", "80", far, "6000", "1440") == ["mtu", str(MTU)]


@both_families
def test_tcp_through_masquerade_gets_over_the_small_link(way, net, six):
    way.far.start(image.tool(), "sink", "9000", until="ready")
    box = net.container("a")

    said = box.tool("bulk", "-t", "20000", FAR6 if six else FAR, "9000", str(BYTES))

    assert said.startswith(f"whole bytes {BYTES} "), said


@both_families
def test_tcp_from_a_published_port_gets_over_the_small_link(way, lab, net, six):
    box = net.container("a", binding(8080, 80))
    box.start("python3", "-c", SEND, until="ready")
    host = lab.address6 if six else lab.address

    got = way.far.run("python3", "-c", f"""
import socket
s, n = socket.create_connection(("{host}", 8080), 10), 0
while data := s.recv(1 << 20):
    n += len(data)
print(n)
""", timeout=20)

    assert int(got.out) == BYTES


@both_families
def test_a_client_outside_is_refused_by_a_container_that_does_not_listen(way, lab, net, six):
    net.container("a", binding(8080, 80), binding(8080, 80, protocol=17))
    host = lab.address6 if six else lab.address

    seen = [host_tool(client, "ask", protocol, host, "8080")
            for client in (way.far, lab.outside) for protocol in ("udp", "tcp")]

    assert seen == ["refused"] * 4


@both_families
def test_a_container_is_refused_by_a_closed_port_outside(way, net, six):
    box = net.container("a")
    far = FAR6 if six else FAR

    assert [box.tool("ask", protocol, far, "7000") for protocol in ("udp", "tcp")] == ["refused"] * 2


@both_families
def test_a_neighbour_is_refused_through_the_hosts_address(lab, net, six):
    net.container("a", binding(8080, 80, protocol=17))
    other = lab.runtime.network("10.82.0.0/24", "2001:db8:82::/64").container("b")

    assert other.tool("ask", "udp", lab.address6 if six else lab.address, "8080") == "refused"


@both_families
def test_errors_are_counted(way, lab, net, six):
    box = net.container("a")
    box.tool("ask", "udp", FAR6 if six else FAR, "7000")

    counted = {row["name"]: row["packets"] for row in lab.daemon.json("status")["forwarded"]}

    assert counted.get("FORWARD_RELATED", 0) >= 1
