"""Which connections take the shortcut, and what ends it: the rules of the network hold as for packets."""

import json
import os

import pytest
from fairlab.cnm import binding
from fairlab.daemon import PINS
from fairlab.process import wait_until
from fairlab.talk import Listener, connect, serve_one, talk

V4, V6 = "10.85.0.0/24", "2001:db8:85::/64"

# Ten questions and answers; the server speaks first.
ASK = "read(s, 5); [(s.sendall(b'question'), read(s, 6)) for n in range(10)]; say('done')"
ANSWER = "s.sendall(b'hello'); [(read(s, 8), s.sendall(b'answer')) for n in range(10)]"
TAKEN = 21  # messages


def shortcut(lab, v4=V4, v6=V6, **options):
    return lab.runtime.network(v4, v6, fairlead__shortcut="true", **options)


def messages(lab):
    rows = lab.daemon.json("status")["forwarded"]
    return sum(row["packets"] for row in rows if row["name"] == "FORWARD_SHORTCUT")


def links(lab):
    return sorted(name for name in os.listdir(lab.host.path(f"{PINS}/links")) if name.startswith("shortcut_"))


def test_only_a_network_that_asks_for_it_has_it(lab):
    plain = lab.runtime.network("10.86.0.0/24", V6)
    a, b = plain.container("a"), plain.container("b")

    assert talk(a, b, ASK, ANSWER)[0] == ["done"]
    assert (messages(lab), links(lab)) == (0, [])
    assert "Shortcut" not in lab.daemon.cli("status").out

    net = shortcut(lab, "10.87.0.0/24", None)
    c, d = net.container("c"), net.container("d")
    assert talk(c, d, ASK, ANSWER)[0] == ["done"]
    assert messages(lab) == TAKEN
    assert "Shortcut:   on\n" in lab.daemon.cli("status").out
    assert "shortcut" in lab.daemon.cli("networks").out

    assert talk(a, b, ASK, ANSWER)[0] == ["done"]
    assert messages(lab) == TAKEN, "the other network still has none"

    c.remove(), d.remove(), net.remove()
    assert links(lab) == []
    assert talk(a, b, ASK, ANSWER)[0] == ["done"]


def test_without_icc_there_is_none(lab):
    net = shortcut(lab, com__docker__network__bridge__enable_icc="false")
    a, b = net.container("a"), net.container("b")
    serve_one(b, ANSWER)

    program = "import socket, sys; socket.create_connection((sys.argv[1], 80), 1)"
    out = a.run("/usr/bin/python3", "-c", program, b.address, check=False)
    assert "timed out" in out.err
    assert messages(lab) == 0


def test_published_ports_and_the_host_keep_to_packets(lab):
    net = shortcut(lab)
    a, b = net.container("a"), net.container("b", binding(8080, 80))
    server = Listener(b, f"for n in range(3):\n s, _ = l.accept(); {ANSWER}")

    for box, address, port in ((a, lab.address, 8080), (lab.host, "127.0.0.1", 8080), (lab.host, b.address, 80)):
        assert connect(box, address, ASK, port) == ["done"]

    server.said()
    assert messages(lab) == 0


def test_a_pair_with_the_same_addresses_elsewhere_is_not_taken_for_it(lab):
    """In namespaces that know nothing of fairlead, while the same connection is open in the network."""
    net = shortcut(lab)
    a, b = net.container("a"), net.container("b")
    x, y = (lab.host.namespace(name) for name in "xy")
    inner = [lab.host.inner_pid(each.pid) for each in (x, y)]
    lab.host.run(f"ip link add x0 netns /proc/{inner[0]}/ns/net type veth peer y0 netns /proc/{inner[1]}/ns/net")
    for pid, device, box in zip(inner, ("x0", "y0"), (a, b), strict=True):
        lab.host.run(f"ip addr add {box.address}/24 dev {device} && ip link set {device} up", container=pid)

    class Elsewhere:
        def __init__(self, pid):
            self.pid = pid

        def run(self, *command, **options):
            return lab.host.run(*command, container=self.pid, **options)

        def start(self, *command, **options):
            return lab.host.start(*command, container=self.pid, **options)

    Listener(b, "s, _ = l.accept(); s.sendall(b'hello'); read_all(s)")
    a.start("/usr/bin/python3", "-c", "import socket, time\nc = socket.create_connection(('" + b.address
            + "', 80), source_address=('', 7777)); c.recv(5); c.send(b'x'); print('up', flush=True); time.sleep(60)",
            until="up")
    before = messages(lab)
    assert before > 0

    other = Listener(Elsewhere(inner[1]), f"l.accept(); s, _ = l.accept(); {ANSWER}")
    same_port = f"s = socket.socket(); s.bind(('', 7777)); s.connect(('{b.address}', 80))\n"
    assert connect(Elsewhere(inner[0]), b.address, same_port + ASK) == ["done"]

    other.said()
    assert messages(lab) == before


def test_a_container_that_is_disconnected_hears_no_more(lab):
    """Its sockets are still there. What was sent before can be read, as from any socket."""
    net = shortcut(lab)
    a, b = net.container("a"), net.container("b")
    server = serve_one(b, """
s.sendall(b'hello'); s.settimeout(2); got = 0
try:
    while True: got += len(s.recv(99))
except TimeoutError: say(got)
""")
    client = a.start("/usr/bin/python3", "-u", "-c", f"""
import socket, time
s = socket.create_connection(('{b.address}', 80)); s.recv(5); print('open', flush=True)
while True: s.send(b'x'); time.sleep(0.02)
""", until="open")
    wait_until(lambda: messages(lab) > 20, "the shortcut to be taken")

    net.remove_endpoint(b.key)
    taken = messages(lab)

    assert server.said() == [taken - 1]
    assert client.alive(), "it hears nothing, and sends again and again, as TCP does"
    assert messages(lab) == taken


def test_connections_outlive_the_daemon_and_new_ones_are_taken_without_it(lab):
    net = shortcut(lab)
    a, b = net.container("a"), net.container("b")
    server = Listener(b, """
def serve(s):
    s.sendall(b'hello')
    while True:
        data = s.recv(99)
        if not data: break
        s.sendall(data)
for n in range(2): threading.Thread(target=serve, args=l.accept()[:1]).start()
""")
    client = a.start("/usr/bin/python3", "-u", "-c", f"""
import socket, sys, time
s = socket.create_connection(('{b.address}', 80)); s.recv(5); s.settimeout(5); print('up', flush=True)
for n in range(40):
    s.send(b'%2d' % n)
    assert s.recv(2) == b'%2d' % n
    time.sleep(0.1)
""", until="up")

    lab.daemon.stop()
    assert connect(a, b.address, "read(s, 5); s.sendall(b'x' * 9); say(len(read(s, 9)))") == [9]
    lab.daemon.start()

    assert client.popen.wait(30) == 0
    server.said()
    assert messages(lab) == 2 + 80 + 2
    assert talk(a, b, ASK, ANSWER, port=81)[0] == ["done"]
    assert messages(lab) == 84 + TAKEN


@pytest.mark.parametrize("lab", [{"cgroup": "off"}], ids=["nocgroup"], indirect=True)
def test_without_cgroup_v2_it_is_said_and_packets_flow(lab):
    net = shortcut(lab)
    a, b = net.container("a"), net.container("b")

    assert talk(a, b, ASK, ANSWER)[0] == ["done"]
    status = lab.daemon.json("status")
    assert status["state"] == "warning"
    assert "fairlead.shortcut=true, which has no effect: no cgroup v2" in json.dumps(status["warnings"])
    assert "shortcut_has_no_effect" in lab.daemon.process.tail()


def test_teardown_leaves_nothing(lab):
    net = shortcut(lab)
    a, b = net.container("a"), net.container("b")
    assert talk(a, b, ASK, ANSWER)[0] == ["done"]

    lab.daemon.stop()
    lab.daemon.teardown()

    assert not os.path.exists(lab.host.path(PINS))


def test_a_wrong_word_is_refused(lab):
    with pytest.raises(Exception, match='fairlead.shortcut: "maybe" is neither true nor false'):
        lab.runtime.network(V4, V6, fairlead__shortcut="maybe")
