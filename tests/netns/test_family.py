"""Clients that come by IPv6 to a port of a container with IPv4 only: real sockets, both attachments."""

import json

import pytest

from fairlab.cnm import binding
from fairlab.engine import host_tool
from test_icmp import Way

V4 = "10.81.0.0/24"
BOTH = ("10.82.0.0/24", "2001:db8:82::/64")
GATEWAY = "10.81.0.1"
TCP, UDP = 6, 17
SIZE = 50 << 20

both_attachments = pytest.mark.parametrize("lab", ["auto", "clsact"], indirect=True)

# Makes the same bytes at both ends, and a digest of what arrived.
COMMON = """
import hashlib, socket, sys
def data(size):
    block = hashlib.shake_128(b'fairlead').digest((1 << 20) + 7)
    return (block * (size // len(block) + 1))[:size]
def take(s, size):
    digest, left = hashlib.sha256(), size
    while left:
        part = s.recv(min(left, 1 << 20))
        if not part: return f'ended {left} bytes too early'
        digest.update(part)
        left -= len(part)
    return digest.hexdigest()
"""

# Takes SIZE bytes and says what arrived, then sends as many.
STREAMS = COMMON + """
with socket.create_server(('0.0.0.0', 80)) as server:
    print('ready', flush=True)
    while True:
        s = server.accept()[0]
        size = int(s.recv(16))
        s.sendall(b'.')
        s.sendall(take(s, size).encode())
        s.sendall(data(size))
        s.close()
"""
STREAM_CLIENT = COMMON + """
host, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
want = hashlib.sha256(data(size)).hexdigest()
with socket.create_connection((host, port), 20) as s:
    s.sendall(str(size).ljust(16).encode())
    s.recv(1)
    s.sendall(data(size))
    there = s.recv(64, socket.MSG_WAITALL).decode()
    back = take(s, size)
print('there' if there == want else there, 'back' if back == want else back)
"""

# Answers each datagram with itself, and the address that it came from.
DATAGRAMS = """
import json, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE: a crowd's datagrams come faster than they are read
s.bind(('0.0.0.0', 80))
print('ready', flush=True)
while True:
    what, who = s.recvfrom(65535)
    if what == b'who':
        s.sendto(who[0].encode(), who)
    elif what == b'segments':
        aggregate = bytes(n // 1000 for n in range(20500))
        s.sendmsg([aggregate], [(socket.SOL_UDP, 103, (1000).to_bytes(2, 'little'))], 0, who)
    elif what == b'bare':
        s.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
        s.sendto(b'no checksum', who)
        s.setsockopt(socket.SOL_SOCKET, 11, 0)
    else:
        s.sendto(what, who)
"""
# Each size, three times at the most: of what is cut into pieces, the first answer may be too large for the wire.
DATAGRAM_CLIENT = """
import json, socket, sys
host, port, sizes = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.connect((host, port))
s.settimeout(2)
wrong = []
for size in sizes:
    want = bytes((n * 7 + size) % 251 for n in range(size))
    for attempt in range(3):
        s.send(want)
        try:
            got = s.recv(65535)
        except OSError:
            got = None
        if got is not None: break
    if got != want: wrong.append([size, attempt, got and len(got)])
print(json.dumps(wrong))
"""
ASK_CLIENT = """
import json, socket, sys
host, port, word, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.connect((host, port))
s.settimeout(3)
s.send(word.encode())
try:
    print(json.dumps([s.recv(65535).decode('latin-1') for n in range(count)]))
except OSError as error:
    print(json.dumps(type(error).__name__))
"""

# Many at once, each with a word of its own.
CROWD = """
import json, socket, sys
host, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
port = 8080
sockets = []
for n in range(count):
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((host, port))
    sockets.append(s)
words = [f'{n:08}'.encode() for n in range(count)]
for s, word in zip(sockets, words): s.sendall(word)
wrong = [n for n, (s, word) in enumerate(zip(sockets, words)) if s.recv(8) != word]
print(json.dumps(wrong))
"""
ECHO = """
import selectors, socket
selector = selectors.DefaultSelector()
server = socket.create_server(('0.0.0.0', 80), backlog=1024)
selector.register(server, selectors.EVENT_READ)
print('ready', flush=True)
while True:
    for key, _ in selector.select():
        if key.fileobj is server:
            selector.register(server.accept()[0], selectors.EVENT_READ)
            continue
        what = key.fileobj.recv(64)
        if what:
            key.fileobj.sendall(what)
        else:
            selector.unregister(key.fileobj)
            key.fileobj.close()
"""


@pytest.fixture
def box(lab):
    """A container with IPv4 only, behind ports 8080."""
    return lab.runtime.network(V4).container("a", binding(8080, 80), binding(8080, 80, protocol=UDP))


def serve(box, program):
    return box.start("/usr/bin/python3", "-c", program, until="ready")


def python(host, program, *arguments):
    return host.run("/usr/bin/python3", "-c", program, *arguments, timeout=60).out.strip()


def datagrams(host, address, sizes, port="8080"):
    return json.loads(python(host, DATAGRAM_CLIENT, address, port, json.dumps(sizes)))


@both_attachments
def test_a_client_outside_reaches_the_container_as_its_gateway(lab, box):
    box.serve("80")

    seen = {(protocol, family): host_tool(lab.outside, "ask", protocol, address, "8080").split()[-1]
            for protocol in ("tcp", "udp") for family, address in ((4, lab.address), (6, lab.address6))}

    assert seen == {(protocol, family): GATEWAY if family == 6 else "198.18.0.1"
                    for protocol in ("tcp", "udp") for family in (4, 6)}


@both_attachments
def test_streams_of_both_directions_arrive_whole(lab, box):
    serve(box, STREAMS)

    assert python(lab.outside, STREAM_CLIENT, lab.address6, "8080", str(SIZE)) == "there back"


@both_attachments
def test_datagrams_of_every_size_arrive(lab, box):
    serve(box, DATAGRAMS)
    whole = [0, 1, 2, 3, *range(4, 1400, 31), 1399, 1400, 1431, 1432, 1451, 1452]

    assert datagrams(lab.outside, lab.address6, whole) == []


@both_attachments
def test_datagrams_in_fragments_arrive(lab, box):
    serve(box, DATAGRAMS)

    assert datagrams(lab.outside, lab.address6, [1453, 1472, 1473, 4000, 20000, 60000]) == []


@both_attachments
def test_datagrams_that_the_container_sends_as_one_aggregate_arrive(lab, box):
    serve(box, DATAGRAMS)

    got = json.loads(python(lab.outside, ASK_CLIENT, lab.address6, "8080", "segments", "21"))

    assert [len(part) for part in got] == [1000] * 20 + [500]
    assert got == [chr(n) * min(1000, 20500 - 1000 * n) for n in range(21)]


@both_attachments
def test_a_datagram_without_a_checksum_gets_one(lab, box):
    serve(box, DATAGRAMS)

    assert json.loads(python(lab.outside, ASK_CLIENT, lab.address6, "8080", "bare", "1")) == ["no checksum"]


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_clients_at_the_same_time_are_not_mixed_up(lab, box, kind):
    serve(box, ECHO if kind == "tcp" else DATAGRAMS)

    assert json.loads(python(lab.outside, CROWD, lab.address6, kind, "500")) == []


def test_a_client_is_told_that_nobody_listens(lab, box):
    assert host_tool(lab.outside, "ask", "tcp", lab.address6, "8080") == "refused"
    told = json.loads(python(lab.outside, ASK_CLIENT, lab.address6, "8080", "who", "1"))
    assert told == "ConnectionRefusedError"


def test_the_container_learns_of_a_narrow_way_to_the_client(lab, box):
    """A router's "packet too big" about what the container never sent in that form."""
    way = Way(lab)
    serve(box, STREAMS)

    arrived = python(way.far, STREAM_CLIENT, lab.address6, "8080", str(3 << 20))

    assert arrived == "there back"
    assert "mtu 1380" in box.run("ip", "route", "get", GATEWAY).out


@both_attachments
def test_a_container_reaches_it_by_the_hosts_address(lab, box):
    asker = lab.runtime.network(*BOTH).container("b")
    streams = serve(box, STREAMS)
    serve(box, DATAGRAMS)

    arrived = python(asker, STREAM_CLIENT, lab.address6, "8080", str(SIZE // 10))
    streams.stop()

    assert arrived == "there back"
    assert datagrams(asker, lab.address6, [0, 1, 1000, 1452]) == []


def test_clients_on_the_host_reach_it(lab, box):
    box.serve("80")

    seen = {protocol: host_tool(lab.host, "ask", protocol, "::1", "8080").split()[-1] for protocol in ("tcp", "udp")}

    assert seen == {"tcp": GATEWAY, "udp": GATEWAY}


@pytest.mark.parametrize("lab", [{"settings": "[publish]\nhost_rules = true"}], ids=["rules"], indirect=True)
def test_the_port_is_shut_where_host_rules_have_to_see_the_packets(lab, box):
    box.serve("80")
    lab.host.run("sysctl", "-qw", "net.ipv4.ip_forward=1")

    assert host_tool(lab.outside, "ask", "tcp", lab.address, "8080").endswith("198.18.0.1")
    assert host_tool(lab.outside, "ask", "tcp", lab.address6, "8080") == "timeout"
    assert any("host_rules" in name.lower() for name in lab.drops())
