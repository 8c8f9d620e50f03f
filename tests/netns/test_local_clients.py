"""Clients on the host itself: led by socket hooks, and by the relay where there are none."""

import json

import pytest

from fairlab.cnm import binding
from fairlab.engine import host_tool
from fairlab.process import wait_until

V4, V6 = "10.81.0.0/24", "2001:db8:81::/64"
TCP, UDP = 6, 17

HOOKS = {}
RELAY = {"cgroup": "off"}
both_ways = pytest.mark.parametrize("lab", [HOOKS, RELAY], ids=["hooks", "relay"], indirect=True)
by_relay = pytest.mark.parametrize("lab", [RELAY], ids=["relay"], indirect=True)


def python(host, program, *arguments, **options):
    return host.run("/usr/bin/python3", "-c", program, *arguments, **options)


# Prints what the container said about the client, and from where it said so.
ASK = """
import json, socket, sys
def ask(kind, address):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
    s.settimeout(2)
    try:
        if kind == 'unconnected':
            s.sendto(b'?', (address, 8080))
            data, peer = s.recvfrom(99)
        else:
            s.connect((address, 8080))
            if kind == 'connected': s.send(b'?')
            data, peer = s.recv(99), s.getpeername()
        return [data.decode().split()[-1], peer[0]]
    except OSError as error:
        return [type(error).__name__ + ' ' + str(error), '']
print(json.dumps({kind + ' ' + address: ask(kind, address)
                  for kind in ('tcp', 'connected', 'unconnected') for address in sys.argv[1:]}))
"""


@both_ways
@pytest.mark.parametrize("v6", [V6, None], ids=["dual", "v4only"])
def test_every_address_of_the_host_leads_to_the_container(lab, v6):
    """The container sees the address that was asked, and the gateway's where that cannot be."""
    net = lab.runtime.network(V4, v6)
    a = net.container("a", binding(8080, 80), binding(8080, 80, protocol=UDP))
    a.serve("80")
    gateway6 = "2001:db8:81::1" if v6 else "10.81.0.1"
    seen_as = {"127.0.0.1": "10.81.0.1", "127.9.9.9": "10.81.0.1", lab.address: lab.address, "10.81.0.1": "10.81.0.1",
               "::1": gateway6, lab.address6: lab.address6 if v6 else "10.81.0.1"}
    if v6:
        seen_as["2001:db8:81::1"] = "2001:db8:81::1"

    told = json.loads(python(lab.host, ASK, *seen_as).out)

    assert told == {f"{kind} {address}": [client, address]
                    for kind in ("tcp", "connected", "unconnected") for address, client in seen_as.items()}


@both_ways
def test_status_says_which_way_local_clients_take(lab):
    text = lab.daemon.cli("status", check=False).out

    mode = lab.daemon.json("status")["datapath"]["socket_hooks"]
    if mode == "on":
        assert "Local clients: socket hooks\n" in text
    else:
        assert "Local clients: relay in the daemon: no cgroup v2 on this host" in text


@pytest.fixture
def served(lab):
    """A container behind port 8080 that answers when the client has said everything."""
    net = lab.runtime.network(V4, V6)
    a = net.container("a", binding(8080, 80))
    a.start("socat", "TCP6-LISTEN:80,fork,reuseaddr,ipv6only=0", "SYSTEM:sha256sum")
    wait_until(lambda: ":80 " in a.run("ss", "-Hltn").out, "the server to listen")
    return a


@both_ways
def test_a_client_may_close_its_half_first(lab, served):
    program = ("import hashlib, socket; s=socket.create_connection(('127.0.0.1',8080),5); data=bytes(range(256))*20000;"
               "s.sendall(data); s.shutdown(socket.SHUT_WR); got=b''.join(iter(lambda: s.recv(99), b''));"
               "print(got.decode().split()[0] == hashlib.sha256(data).hexdigest())")

    assert python(lab.host, program).out.strip() == "True"


@both_ways
def test_many_local_connections_at_once(lab):
    net = lab.runtime.network(V4, V6)
    a = net.container("a", binding(8080, 80))
    a.serve("80")
    program = """
import socket
all = [socket.create_connection(('127.0.0.1' if n % 2 else '::1', 8080), 5) for n in range(200)]
for s in all: s.recv(99)
for n, s in enumerate(all): s.sendall(b'I am %d' % n)
print(sum(s.recv(99) == b'I am %d' % n for n, s in enumerate(all)))
"""

    assert python(lab.host, program).out.strip() == "200"


# One socket, a datagram each tenth of a second, a line for each: the port that answered, or why none did.
BEAT = """
import socket, sys, time
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(0.5)
to = (sys.argv[1], 8080)
if sys.argv[2] == 'connected': s.connect(to)
while True:
    try:
        s.send(b'?') if sys.argv[2] == 'connected' else s.sendto(b'?', to)
        print('answer', *s.recvfrom(99)[1][:2], flush=True)
        time.sleep(0.1)
    except OSError as error:
        print('none', error, flush=True)
        time.sleep(0.05)
"""


class Beat:
    def __init__(self, path, host, address, how, **options):
        self.path = path
        path.write_text("")
        self.process = host.start("/usr/bin/python3", "-u", "-c", BEAT, address, how, log=str(path), **options)

    def lines(self):
        return [line for line in self.path.read_text().splitlines() if line.startswith(("answer", "none"))]

    def wait_for(self, word):
        """Until a line that is printed from now on begins with the word; returns how many others came first."""
        before = len(self.lines())
        fresh = wait_until(lambda: [n for n, line in enumerate(self.lines()[before:]) if line.startswith(word)],
                           f"{word} in {self.path}", timeout=8)
        return fresh[0]


def follow(lab, tmp_path, address, beats):
    """Beats go on while the container behind the port is replaced by one with another address and port."""
    net = lab.runtime.network(V4, V6)
    a = net.container("a", binding(8080, 80, protocol=UDP))
    a.serve("udp:80")
    started = {name: Beat(tmp_path / name, *where) for name, where in beats(net).items()}
    for beat in started.values():
        beat.wait_for("answer")

    a.remove()
    for beat in started.values():
        beat.wait_for("none")
    b = net.container("b", binding(8080, 81, protocol=UDP))
    b.serve("udp:81")

    assert b.address != a.address
    # One datagram may have been under way, and one error is told to the next call.
    late = {name: beat.wait_for("answer") for name, beat in started.items()}
    assert {name: count for name, count in late.items() if count > 2} == {}
    return {name: {line.split(" ", 1)[1] for line in beat.lines() if line.startswith("answer")}
            for name, beat in started.items()}


@both_ways
def test_local_datagrams_follow_a_port_to_its_next_container(lab, tmp_path):
    addresses = ["127.0.0.1", "::1", lab.address, lab.address6]

    seen = follow(lab, tmp_path, lab.address, lambda net: {
        f"{how} {address}": (lab.host, address, how) for how in ("connected", "unconnected") for address in addresses})

    assert seen == {f"{how} {address}": {f"{address} 8080"} for how in ("connected", "unconnected")
                    for address in addresses}


def test_datagrams_from_outside_follow_a_port_to_its_next_container(lab, tmp_path):
    """moby issue 8795: a client that never pauses was cut off for good."""
    addresses = [lab.address, lab.address6]

    seen = follow(lab, tmp_path, lab.address, lambda net: {
        address: (lab.outside, address, "connected") for address in addresses})

    assert seen == {address: {f"{address} 8080"} for address in addresses}


def test_datagrams_of_a_neighbour_follow_a_port_to_its_next_container(lab, tmp_path):
    net = lab.runtime.network("10.82.0.0/24", "2001:db8:82::/64")
    c = net.container("c")
    addresses = [lab.address, lab.address6]

    class Inside:
        def start(self, *command, **options):
            return c.start(*command, **options)

    seen = follow(lab, tmp_path, lab.address, lambda _: {
        address: (Inside(), address, "connected") for address in addresses})

    assert seen == {address: {f"{address} 8080"} for address in addresses}


@both_ways
def test_large_datagrams_follow_too(lab, tmp_path):
    """In fragments, of which only the first names the port."""
    net = lab.runtime.network(V4, V6)
    a = net.container("a", binding(8080, 80, protocol=UDP))
    echo = a.start("socat", "UDP6-RECVFROM:80,fork,ipv6only=0", "EXEC:cat")
    wait_until(lambda: ":80 " in a.run("ss", "-Hlun").out, "the server to listen")
    program = """
import socket, sys, time
s = [socket.socket(f, socket.SOCK_DGRAM) for f in (socket.AF_INET, socket.AF_INET6)]
def ask(): return [ask_one(each) for each in s]
def ask_one(each):
    for tries in range(40):
        try:
            each.send(b'x' * 6000)
            return len(each.recv(65535))
        except OSError: time.sleep(0.1)
for each, to in zip(s, ('127.0.0.1', '::1')):
    each.settimeout(0.5)
    each.connect((to, 8080))
print('before', ask(), flush=True)
while True: print('now', ask(), flush=True)
"""
    log = tmp_path / "log"
    lab.host.start("/usr/bin/python3", "-u", "-c", program, log=str(log))
    wait_until(lambda: "before [6000, 6000]" in log.read_text(), "answers of the first container")
    a.remove()
    echo.stop()

    b = net.container("b", binding(8080, 81, protocol=UDP))
    b.start("socat", "UDP6-RECVFROM:81,fork,ipv6only=0", "EXEC:cat")
    wait_until(lambda: ":81 " in b.run("ss", "-Hlun").out, "the server to listen")
    count = log.read_text().count("now [6000, 6000]")

    wait_until(lambda: log.read_text().count("now [6000, 6000]") > count, "answers of the second container")


# Writes down whatever arrives on port 80, and sends it back.
RECORD = """
import select, socket, sys
tcp = socket.create_server(('::', 80), family=socket.AF_INET6, dualstack_ipv6=True)
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
udp.bind(('::', 80))
socks = [tcp, udp]
print('ready', flush=True)
while True:
    for s in select.select(socks, [], [])[0]:
        try:
            if s is tcp:
                socks.append(tcp.accept()[0])
            elif s is udp:
                data, peer = udp.recvfrom(99)
                print(data.decode(), flush=True)
                udp.sendto(data, peer)
            else:
                data = s.recv(99)
                if not data: socks.remove(s)
                print(data.decode(), flush=True)
                s.send(data)
        except OSError:
            if s not in (tcp, udp): socks.remove(s)
"""

# Says something once over both, tells, waits for the file, and then says something else for a second.
SAY = """
import os, socket, sys, time
address, name, go = sys.argv[1:]
def sock(kind):
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, kind)
    s.settimeout(3)
    s.connect((address, 8080))
    return s
all = [('tcp', sock(socket.SOCK_STREAM)), ('udp', sock(socket.SOCK_DGRAM))]
for kind, s in all:
    s.send(f'before {kind} {name}\\n'.encode())
    assert s.recv(99)
print('ready', flush=True)
while not os.path.exists(go): time.sleep(0.01)
for n in range(20):
    for kind, s in all:
        try: s.send(f'after {kind} {name}\\n'.encode())
        except OSError: pass
    time.sleep(0.05)
print('done', flush=True)
"""


@both_ways
def test_a_port_that_is_gone_lets_nothing_through_any_more(lab, tmp_path):
    """Established connections and flows included, although the container lives on."""
    net = lab.runtime.network(V4, V6)
    a = net.container("a", binding(8080, 80), binding(8080, 80, protocol=UDP))
    heard, go = tmp_path / "heard", tmp_path / "go"
    heard.write_text("")
    a.start("/usr/bin/python3", "-u", "-c", RECORD, log=str(heard))
    wait_until(lambda: "ready" in heard.read_text(), "the server")
    c = net.container("c")
    places = {"outside": (lab.outside, lab.address), "outside6": (lab.outside, lab.address6),
              "neighbour": (c, lab.address), "neighbour6": (c, lab.address6), "itself": (a, lab.address),
              "host": (lab.host, lab.address), "loopback": (lab.host, "127.0.0.1"), "loopback6": (lab.host, "::1")}
    said = {}
    for name, (place, address) in places.items():
        said[name] = place.start("/usr/bin/python3", "-u", "-c", SAY, address, name, go, until="ready")
    wait_until(lambda: heard.read_text().count("before") == 2 * len(places), "all to be heard")

    lab.runtime.client.call("NetworkDriver.RevokeExternalConnectivity", NetworkID=net.key, EndpointID=a.key)
    go.write_text("now")
    for program in said.values():
        assert program.popen.stdout.readline().strip() == b"done"

    assert [line for line in heard.read_text().splitlines() if "after" in line] == []


@pytest.mark.parametrize("lab", [{**RELAY, "settings": 'uplinks = ["up0"]'}], ids=["relay"], indirect=True)
def test_nobody_else_is_relayed(lab, tmp_path):
    """What comes by a device that is no uplink gets to the sockets that hold the ports."""
    net = lab.runtime.network(V4, V6)
    a = net.container("a", binding(8080, 80), binding(8080, 80, protocol=UDP))
    heard = tmp_path / "heard"
    heard.write_text("")
    a.start("/usr/bin/python3", "-u", "-c", RECORD, log=str(heard))
    wait_until(lambda: "ready" in heard.read_text(), "the server")
    stranger = lab.wire.place("stranger")
    lab.host.run("ip link add lan0 type veth peer name lan1 && ip addr add 198.18.50.1/24 dev lan0"
                 " && ip -6 addr add 2001:db8:50::1/64 dev lan0 nodad && ip link set lan0 up")
    lab.host.give("lan1", stranger)
    stranger.run("ip addr add 198.18.50.2/24 dev lan1 && ip -6 addr add 2001:db8:50::2/64 dev lan1 nodad"
                 " && ip link set lan1 up")
    wait_until(lambda: stranger.run("ping", "-c1", "-W1", "198.18.50.1", check=False).code == 0, "the wire")

    told = {(protocol, address): host_tool(stranger, "ask", "-t", "1500", protocol, address, "8080")
            for protocol in ("tcp", "udp") for address in ("198.18.50.1", "2001:db8:50::1")}

    assert {word for (protocol, _), word in told.items() if protocol == "tcp"} == {"reset"}
    assert {word for (protocol, _), word in told.items() if protocol == "udp"} == {"timeout"}
    assert heard.read_text().split() == ["ready"]
    assert json.loads(python(lab.host, ASK, "198.18.50.1").out)["unconnected 198.18.50.1"][1] == "198.18.50.1"


@both_ways
def test_a_port_can_be_published_again_at_once(lab):
    """Connections that have ended stay in TIME_WAIT on the host port for a minute."""
    net = lab.runtime.network(V4, V6)
    for n in range(3):
        a = net.container(f"a{n}", binding(8080, 80))
        a.start("socat", "TCP6-LISTEN:80,fork,reuseaddr,ipv6only=0", "EXEC:hostname")  # closes first
        wait_until(lambda box=a: ":80 " in box.run("ss", "-Hltn").out, "the server to listen")
        for address in ("127.0.0.1", "::1"):
            program = f"import socket; print(socket.create_connection(('{address}',8080),3).recv(99))"
            assert "node" in python(lab.host, program).out
        a.remove()


@both_ways
def test_a_published_port_is_nobody_elses(lab):
    net = lab.runtime.network(V4, V6)
    net.container("a", binding(8080, 80), binding(8080, 80, protocol=UDP))
    program = """
import socket
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    for address in ('0.0.0.0', '127.0.0.1', '::', '::1'):
        s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, kind)
        if kind == socket.SOCK_STREAM: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((address, 8080))
            if kind == socket.SOCK_STREAM: s.listen()
            print('bound', kind, address)
        except OSError as error:
            print(error.errno)
"""

    assert set(python(lab.host, program).out.split()) == {"98"}


@by_relay
def test_the_next_daemon_relays_again(lab):
    net = lab.runtime.network(V4, V6)
    a = net.container("a", binding(8080, 80), binding(8080, 80, protocol=UDP))
    a.serve("80")
    before = json.loads(python(lab.host, ASK, "127.0.0.1", "::1").out)

    lab.daemon.stop()
    lab.daemon.start()

    assert lab.daemon.json("status")["warnings"] == []
    assert json.loads(python(lab.host, ASK, "127.0.0.1", "::1").out) == before


@by_relay
def test_a_thousand_ports_are_relayed(lab):
    net = lab.runtime.network(V4, V6)
    ports = [binding(20000 + n, 5000 + n, protocol) for n in range(1000) for protocol in (TCP, UDP)]
    a = net.container("a", *ports)
    a.serve("5000", "5500", "5999")

    told = {(protocol, n): host_tool(lab.host, "ask", protocol, "127.0.0.1", str(20000 + n))
            for protocol in ("tcp", "udp") for n in (0, 500, 999)}

    assert set(told.values()) == {"node 10.81.0.1"}
