"""fairlead beside the host's own firewall: rules that drop what is forwarded cut nothing off, and what is to be closed
stays closed."""

import pytest
from conftest import Lab
from fairlab import leftovers, traffic
from fairlab.cnm import binding
from fairlab.engine import host_tool

V4, V6 = "10.81.0.0/24", "2001:db8:81::/64"
OUTSIDE, OUTSIDE6 = "198.18.0.1", "2001:db8:0:1::1"
FORWARD_DROP = """
table inet admin {
  chain forward {
    type filter hook forward priority 0; policy drop;
    %s
  }
}
"""
# What `ufw enable` with `ufw allow ssh` comes down to.
DENY_ALL = """
table inet ufw {
  chain input {
    type filter hook input priority 0; policy drop;
    iif "lo" accept
    ct state established,related accept
    tcp dport 22 accept
    meta l4proto ipv6-icmp accept
  }
  chain forward { type filter hook forward priority 0; policy drop; }
  chain output { type filter hook output priority 0; policy accept; }
}
"""


def load(host, rules):
    """The whole ruleset, as `systemctl reload nftables` or firewalld's reload: all goes, then the new one comes."""
    host.run("nft", "flush", "ruleset")
    host.run("nft", "-f", "-", data=rules.encode())


def iptables(host, *rules, kind="legacy"):
    for rule in rules:
        for family in ("iptables", "ip6tables"):
            host.run(f"{family}-{kind} {rule}")


def forwards(host):
    host.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")


@pytest.fixture
def net(lab):
    return lab.runtime.network(V4, V6)


@pytest.fixture
def ports():
    return [binding(8080, 80), binding(8080, 80, protocol=17)]


def who(client, protocol, address, port="8080"):
    """As whom the server saw the client, or in one word why there was no answer."""
    return host_tool(client, "ask", "-t", "700", protocol, address, port).split()[-1]


def reach(lab, a, b):
    """What does not carry packets, of both families of each direction. a publishes 8080."""

    def pings(place, *addresses):
        return [to for to in addresses if place.run("ping", "-q", "-c1", "-W1", to, check=False).code != 0]

    def asks(place, *addresses):
        said = {(protocol, to): host_tool(place, "ask", "-t", "3000", protocol, to, "8080")
                for to in addresses for protocol in ("tcp", "udp")}
        return [(*way, words) for way, words in said.items() if not words.startswith("node ")]

    return {
        "container to container": pings(a, b.address, b.address6),
        "container to outside": pings(a, lab.wire.FAR_V4, lab.wire.FAR_V6),
        "container to host": pings(a, "10.81.0.1", "2001:db8:81::1", lab.address, lab.address6),
        "host to container": pings(lab.host, a.address, a.address6),
        "outside to published": asks(lab.outside, lab.address, lab.address6),
        "host to published": asks(lab.host, "127.0.0.1", "::1", lab.address, lab.address6),
        "hairpin to a neighbour": asks(b, lab.address, lab.address6),
        "hairpin to oneself": asks(a, lab.address, lab.address6),
    }


RULES = {
    "nft drop": lambda host: load(host, FORWARD_DROP % ""),
    "iptables-legacy drop": lambda host: iptables(host, "-P FORWARD DROP", "-A FORWARD -j DROP"),
    "iptables-nft drop": lambda host: iptables(host, "-P FORWARD DROP", "-A FORWARD -j DROP", kind="nft"),
    "flushed": lambda host: (iptables(host, "-F", "-t nat -F", "-P FORWARD DROP"), host.run("nft", "flush", "ruleset")),
}


@pytest.mark.parametrize("rules", RULES)
def test_rules_against_forwarding_cut_nothing_off(lab, net, ports, rules):
    a, b = net.container("a", *ports), net.container("b")
    a.serve("80")

    RULES[rules](lab.host)

    seen = reach(lab, a, b)
    assert seen == {way: [] for way in seen}


def test_a_firewall_that_reloads_loses_nothing(lab, net):
    """Flushed, loaded, flushed again, with connection tracking on, while packets flow in every direction."""
    both = [binding(9000, 9000), binding(9000, 9000, protocol=17)]
    a, b = net.container("a", *both), net.container("b")
    for place in (a, b, lab.outside):
        traffic.serve(place)
    beats = {
        "container to container": traffic.Beat(a, b.address),
        "container to container, IPv6": traffic.Beat(a, b.address6),
        "masqueraded": traffic.Beat(b, OUTSIDE),
        "masqueraded, IPv6": traffic.Beat(b, OUTSIDE6),
        "published": traffic.Beat(lab.outside, lab.address),
        "published, IPv6": traffic.Beat(lab.outside, lab.address6),
        "hairpin": traffic.Beat(b, lab.address),
        "host": traffic.Beat(lab.host, "127.0.0.1"),
    }
    stream = traffic.Stream(lab.outside, lab.address)

    for _ in range(5):
        load(lab.host, FORWARD_DROP % "ct state established,related accept")
        iptables(lab.host, "-P FORWARD DROP", "-t nat -A POSTROUTING -j MASQUERADE", "-F", "-t nat -F")
        lab.host.run("nft", "flush", "ruleset")

    lost = {way: beat.lost() for way, beat in beats.items()}
    assert {way: missing for way, (_, missing) in lost.items()} == {way: 0 for way in lost}
    assert min(sent for sent, _ in lost.values()) > 20
    assert stream.worst() < 2000


# --- who may come in --------------------------------------------------------------------------


@pytest.fixture
def stranger(lab):
    return lab.wire.host("stranger", 13)


def test_behind_a_firewall_that_denies_all_a_port_is_for_its_list_alone(lab, stranger, ports):
    net = lab.runtime.network(V4, V6, fairlead__publish__allow=f"{OUTSIDE},{OUTSIDE6}/128")
    net.container("a", *ports).serve("80")
    load(lab.host, DENY_ALL)

    addresses = (lab.address, lab.address6)
    allowed = [who(lab.outside, protocol, to) for to in addresses for protocol in ("tcp", "udp")]
    others = [who(stranger, protocol, to) for to in addresses for protocol in ("tcp", "udp")]

    assert allowed == [OUTSIDE, OUTSIDE, OUTSIDE6, OUTSIDE6]
    assert not {*stranger.addresses} & {*others} and len({*others}) <= 2, others
    assert lab.drops()["DROP_NOT_ALLOWED"] >= 4

    lab.daemon.cli("ports", "allow", "8080", stranger.addresses[0])
    assert who(stranger, "tcp", lab.address) == stranger.addresses[0]
    lab.daemon.cli("ports", "deny", "8080", OUTSIDE)
    assert who(lab.outside, "tcp", lab.address) != OUTSIDE


def forwarded(lab):
    return {row["name"]: row["packets"] for row in lab.daemon.json("status")["forwarded"]}


@pytest.fixture
def asking(logs):
    """A host whose published ports pass its forward rules, with reverse path filters."""
    leftovers.clean()
    lab = Lab(logs, settings="[publish]\nhost_rules = true")
    forwards(lab.host)
    lab.host.run("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.up0.rp_filter=1")
    yield lab
    lab.close()


def open_for(address, address6, more=""):
    return FORWARD_DROP % (f"{more} ip saddr {address} th dport 80 accept; ip6 saddr {address6} th dport 80 accept;"
                           " th dport 9000 accept")


def everywhere(client, lab):
    return [who(client, protocol, to) for to in (lab.address, lab.address6) for protocol in ("tcp", "udp")]


LETTING_IN = {
    "nft": lambda host: load(host, open_for(OUTSIDE, OUTSIDE6)),
    "nft ct": lambda host: load(host, open_for(OUTSIDE, OUTSIDE6,
                                               "ct state invalid drop; ct state established,related accept;")),
    "iptables-legacy": lambda host: let_in_by_iptables(host, "legacy"),
    "iptables-nft": lambda host: let_in_by_iptables(host, "nft"),
}


def let_in_by_iptables(host, kind):
    iptables(host, "-P FORWARD DROP", "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
             "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT", kind=kind)
    for protocol in ("tcp", "udp"):
        for family, source in (("iptables", OUTSIDE), ("ip6tables", OUTSIDE6)):
            host.run(f"{family}-{kind} -A FORWARD -s {source} -p {protocol} --dport 80 -m conntrack --ctstate NEW"
                     " -j ACCEPT")


@pytest.mark.parametrize("rules", LETTING_IN)
def test_host_rules_decide_who_reaches_a_published_port(asking, ports, rules):
    lab, stranger = asking, asking.wire.host("stranger", 13)
    lab.runtime.network(V4, V6).container("a", *ports).serve("80")
    load(lab.host, DENY_ALL)
    closed = everywhere(lab.outside, lab)

    lab.host.run("nft", "flush", "ruleset")
    LETTING_IN[rules](lab.host)
    opened, others = everywhere(lab.outside, lab), everywhere(stranger, lab)

    assert set(closed) == {"timeout"}
    assert opened == [OUTSIDE, OUTSIDE, OUTSIDE6, OUTSIDE6]
    assert set(others) == {"timeout"}


def test_what_host_rules_let_in_goes_the_short_way(asking):
    lab = asking
    net = lab.runtime.network(V4, V6)
    traffic.serve(net.container("a", binding(9000, 9000), binding(9000, 9000, protocol=17)))
    load(lab.host, open_for(OUTSIDE, OUTSIDE6))

    flows = [traffic.Stream(lab.outside, to) for to in (lab.address, lab.address6)]
    beats = [traffic.Beat(lab.outside, to) for to in (lab.address, lab.address6)]
    load(lab.host, DENY_ALL)  # established connections do not meet the rules any more
    for flow in flows:
        flow.worst()
    lost = [beat.lost()[1] for beat in beats]

    counts = forwarded(lab)
    assert lost == [0, 0]
    assert counts["PUNT_HOST_RULES"] < 30
    assert counts["FORWARD_PUBLISHED"] > 500


LONG = ("import socket, sys; s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET,"
        " socket.SOCK_DGRAM); s.settimeout(2); s.sendto(b'x' * 4000, (sys.argv[1], 9000)); print(len(s.recv(65535)))")


@pytest.mark.parametrize("rules", ["ct state invalid drop; udp dport 9000 accept", "accept"])
def test_a_long_datagram_passes_the_host_rules_in_fragments(asking, rules):
    """With connection tracking, which puts it together and cuts it again, and without."""
    lab = asking
    traffic.serve(lab.runtime.network(V4, V6).container("a", binding(9000, 9000, protocol=17)))
    load(lab.host, FORWARD_DROP % rules)

    told = [lab.outside.run("/usr/bin/python3", "-c", LONG, to, check=False).out.strip()
            for to in (lab.address, lab.address6)]

    assert told == ["4000", "4000"]


def test_status_says_if_the_host_does_not_forward(asking):
    lab = asking
    lab.runtime.network(V4, V6)
    fine = lab.daemon.json("status")["warnings"]

    lab.host.run("sysctl -qw net.ipv4.ip_forward=0")

    assert not any("forward" in line for line in fine)
    warnings = [line for line in lab.daemon.json("status")["warnings"] if "net.ipv4.ip_forward=1" in line]
    assert len(warnings) == 1 and "up0" in warnings[0]
    assert lab.host.run("sysctl -n net.ipv4.ip_forward").out.strip() == "0"


# --- what may not come in at all --------------------------------------------------------------

# Frames to the MAC of the node, whatever the address in them: DESTINATION MAC PORT HOW-MANY.
RAW = r"""
import socket, struct, sys
to, mac, port, count = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", "")), int(sys.argv[3]), int(sys.argv[4])
v6 = ":" in to
pack = lambda text: socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, text)
src, dst = pack("2001:db8:0:1::d" if v6 else "198.18.0.13"), pack(to)

def total(data):
    data += b"\0" * (len(data) % 2)
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value ^ 0xFFFF

def wrap(proto, l4, at):
    pseudo = src + dst + (struct.pack("!IHBB", len(l4), 0, 0, proto) if v6 else struct.pack("!BBH", 0, proto, len(l4)))
    l4 = l4[:at] + struct.pack("!H", total(pseudo + l4)) + l4[at + 2:]
    if v6:
        head = struct.pack("!IHBB", 6 << 28, len(l4), proto, 64) + src + dst
    else:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(l4), 1, 0, 64, proto, 0) + src + dst
        head = head[:10] + struct.pack("!H", total(head)) + head[12:]
    return head + l4

out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("up0", 0))
ether = mac + out.getsockname()[4] + struct.pack("!H", 0x86DD if v6 else 0x0800)
for n in range(count):
    udp = struct.pack("!HHHH", 40000 + n, port, 9, 0) + b"?"
    tcp = struct.pack("!HHIIBBHHH", 40000 + n, port, 1, 0, 5 << 4, 2, 65535, 0, 0)
    out.send(ether + wrap(17, udp, 6))
    out.send(ether + wrap(6, tcp, 16))
"""


def heard(place):
    """Datagrams and segments that the stack has taken in, both families."""
    text = place.run("cat", "/proc/net/snmp").out + place.run("cat", "/proc/net/snmp6").out
    rows = [line.split() for line in text.splitlines()]
    tables = {}
    for names, values in zip(rows, rows[1:]):
        if names[0] == values[0] and names[0] in ("Tcp:", "Udp:") and not values[1].lstrip("-").isalpha():
            tables |= {names[0] + name: int(value) for name, value in zip(names[1:], values[1:])}
    six = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
    return (tables["Tcp:InSegs"] + tables["Udp:InDatagrams"] + tables["Udp:NoPorts"] + six.get("Udp6InDatagrams", 0)
            + six.get("Udp6NoPorts", 0))


@pytest.mark.parametrize("loopback", ["127.0.0.1", "::1"])
def test_ports_on_a_loopback_address_are_for_this_host_alone(lab, net, stranger, loopback):
    """Also if somebody on the same segment sends packets to the host's loopback address, and the host's stack would
    take them (route_localnet)."""
    a = net.container("a", binding(8080, 80, host_ip=loopback), binding(8080, 80, protocol=17, host_ip=loopback))
    a.serve("80")
    lab.host.run("sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.up0.route_localnet=1")
    address = lab.address6 if ":" in loopback else lab.address
    local = [who(lab.host, protocol, loopback) for protocol in ("tcp", "udp")]
    mac = lab.host.run("ip", "-o", "link", "show", "up0").out.split("link/ether ")[1].split()[0]
    before = heard(a)

    stranger.run("/usr/bin/python3", "-c", RAW, loopback, mac, "8080", "10")
    own = [who(stranger, protocol, address) for protocol in ("tcp", "udp")]

    gateway = "2001:db8:81::1" if ":" in loopback else "10.81.0.1"
    assert local == [gateway] * 2
    assert not {*stranger.addresses} & {*own}
    assert lab.drops().get("DROP_MARTIAN") == 20
    assert heard(a) == before


def straight_to(box, stranger):
    """Answers of a container to whom it knows only as an address behind a router."""
    seen = {("ping", to): stranger.run("ping", "-q", "-c1", "-W1", to, check=False).code == 0
            for to in (box.address, box.address6)}
    for protocol in ("tcp", "udp"):
        for to in (box.address, box.address6):
            for port in ("80", "81"):
                seen[protocol, to, port] = who(stranger, protocol, to, port)
    return seen


@pytest.fixture
def routed_by(lab, stranger):
    """A host that sends to the subnets by way of the node, which forwards."""
    forwards(lab.host)
    stranger.run(f"ip route add {V4} via {lab.address} && ip -6 route add {V6} via {lab.address6}")
    return stranger


def test_packets_straight_to_a_container_end_and_are_counted(lab, net, routed_by, ports):
    a = net.container("a", *ports)
    a.serve("80", "81")

    seen = straight_to(a, routed_by)

    assert not any(answer is True or answer in routed_by.addresses for answer in seen.values()), seen
    assert lab.drops()["DROP_DIRECT"] >= len(seen)


def test_a_routed_network_is_reached_at_its_published_ports_and_by_ping(lab, routed_by, ports):
    net = lab.runtime.network(V4, V6, fairlead__routed="true")
    a = net.container("a", *ports)
    a.serve("80", "81")
    lab.outside.run(f"ip route add {V4} via {lab.address} && ip -6 route add {V6} via {lab.address6}")
    lab.outside.start(traffic.image.tool(), "serve", "9000", until="ready")

    seen = straight_to(a, routed_by)

    v4, v6 = routed_by.addresses
    assert {way: answer for way, answer in seen.items() if way[0] == "ping" or way[2] == "80"} == {
        ("ping", a.address): True, ("ping", a.address6): True,
        ("tcp", a.address, "80"): v4, ("udp", a.address, "80"): v4,
        ("tcp", a.address6, "80"): v6, ("udp", a.address6, "80"): v6}
    assert not {answer for way, answer in seen.items() if way[-1] == "81"} & {v4, v6}
    assert lab.drops()["DROP_DIRECT"] >= 4
    assert everywhere(routed_by, lab) == [v4, v4, v6, v6], "and at the host's addresses as well"
    as_whom = [a.tool("ask", protocol, to, "9000").split()[-1] for to in (OUTSIDE, OUTSIDE6)
               for protocol in ("tcp", "udp")]
    assert as_whom == [a.address, a.address, a.address6, a.address6]
    assert "routed" in lab.daemon.cli("networks").out


def test_a_port_of_a_routed_network_that_is_for_this_host_alone_stays_so(lab, routed_by):
    net = lab.runtime.network(V4, V6, fairlead__routed="true")
    a = net.container("a", binding(8080, 80, host_ip="127.0.0.1"), binding(8080, 80, host_ip="::1"))
    a.serve("80")

    assert not {who(routed_by, "tcp", to, "80") for to in (a.address, a.address6)} & {*routed_by.addresses}
    assert who(lab.host, "tcp", "127.0.0.1") == "10.81.0.1"
