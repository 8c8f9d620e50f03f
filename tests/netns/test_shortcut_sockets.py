"""What programs see of a TCP socket whose data takes the shortcut: what they would see of any other."""

import pytest
from fairlab.talk import Listener, connect, talk

V4, V6 = "10.84.0.0/24", "2001:db8:84::/64"


@pytest.fixture
def pair(lab):
    net = lab.runtime.network(V4, V6, fairlead__shortcut="true")
    return net.container("a"), net.container("b")


def messages(lab):
    rows = lab.daemon.json("status")["forwarded"]
    return sum(row["packets"] for row in rows if row["name"] == "FORWARD_SHORTCUT")


# The server speaks first, so that both ends are known before the client does.
GREETED = "s.sendall(b'hello'); "
GREET = "read(s, 5); "


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_data_takes_the_shortcut(lab, pair, v6):
    said, heard = talk(*pair, GREET + "[(s.sendall(b'%3d' % n), read(s, 3)) for n in range(100)]; say('done')",
                       GREETED + "[s.sendall(read(s, 3)) for n in range(100)]; say(s.recv(1) == b'')", v6=v6)

    assert said == ["done"] and heard == [True]
    assert messages(lab) == 201


def test_a_client_that_speaks_at_once_is_understood(lab, pair):
    """Its first words may be in packets, because the server is not known yet: then all others are, too."""
    a, b = pair
    server = Listener(b, "for n in range(300):\n s, _ = l.accept(); s.sendall(read_all(s)); s.close()")

    said = connect(a, b.address, """
to = s.getpeername()[:2]; s.shutdown(socket.SHUT_WR); read_all(s)
wrong = 0
for n in range(299):
    c = socket.create_connection(to, 20)  # a timeout: the kernel may end a blocking recv() after shutdown() with EAGAIN
    words = [b'%d %d,' % (n, i) for i in range(20)]
    for word in words: c.sendall(word)
    c.shutdown(socket.SHUT_WR)
    wrong += read_all(c) != b''.join(words)
say(wrong)
""")

    assert said == [0]
    server.said()
    assert messages(lab) >= 299


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_bulk_in_both_directions_at_once_arrives_whole(pair, v6):
    """Much more than fits into a queue: the rest goes in packets, behind what went before."""
    both = """
data = pattern(SIZE, SEED)
t = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
t.start(); got = read_all(s); t.join(); say([digest(data), digest(got)])
""".replace("SIZE", "30_000_000")

    (mine,), (theirs,) = talk(*pair, GREET + both.replace("SEED", "1"), GREETED + both.replace("SEED", "2"), v6=v6)

    assert mine == theirs[::-1]


def test_messages_of_every_size_arrive_whole_and_in_order(pair):
    said, heard = talk(*pair, GREET + """
sizes = [1 + (n * 7919) % 70_000 for n in range(400)]; data = pattern(sum(sizes)); at = 0
for size in sizes:
    s.sendall(data[at:at + size]); at += size
    if size % 3 == 0: time.sleep(0.001)
s.shutdown(socket.SHUT_WR); say([at, digest(data)])
""", GREETED + "got = read_all(s); say([len(got), digest(got)])")

    assert said == heard


def test_a_reader_that_sleeps_stops_the_writer(pair):
    """What waits for it is bounded, whatever the writer does, and all of it arrives."""
    said, heard = talk(*pair, GREET + """
s.setblocking(False); data = pattern(1 << 26); sent = 0; idle = 0
while idle < 20 and sent < len(data):
    try: sent += s.send(data[sent:sent + 10_000]); idle = 0
    except BlockingIOError: idle += 1; time.sleep(0.05)
s.setblocking(True); s.settimeout(20); s.sendall(b'go'); s.close()
say([sent < 24 << 20, sent + 2, digest(data[:sent] + b'go')])
""", GREETED + """
time.sleep(4); got = read_all(s); say([True, len(got), digest(got)])
""")

    assert said == heard


def test_the_end_comes_after_the_data(pair):
    a, b = pair
    server = Listener(b, """
bad = 0
for n in range(300):
    s, _ = l.accept(); s.sendall(b'hello'); bad += read_all(s) != b'x' * (n * 11); s.close()
say(bad)
""")

    connect(a, b.address, """
read(s, 5); s.close()
for n in range(1, 300):
    c = socket.create_connection(('%s', 80)); read(c, 5); c.sendall(b'x' * (n * 11)); c.close()
""" % b.address)

    assert server.said() == [0]


def test_one_half_may_close_first(lab, pair):
    said, heard = talk(*pair, GREET + "s.sendall(b'q' * 5000); s.shutdown(socket.SHUT_WR); say(len(read_all(s)))",
                       GREETED + "n = len(read_all(s)); time.sleep(0.2); s.sendall(b'a' * 7000);"
                       "time.sleep(0.2); s.sendall(b'b' * 7000); say(n)")

    assert (said, heard) == ([14000], [5000])
    assert messages(lab) == 4


def test_peek_poll_and_small_reads(pair):
    said, _ = talk(*pair, GREET + """
p = select.epoll(); p.register(s, select.EPOLLIN | select.EPOLLRDHUP)
before = p.poll(0.05); s.sendall(b'?'); ready = p.poll(5)
peeked = [s.recv(4, socket.MSG_PEEK).decode(), s.recv(9, socket.MSG_PEEK).decode()]
got = [s.recv(1).decode() for _ in range(6)]
s.setblocking(False)
try: empty = s.recv(1).decode()
except BlockingIOError: empty = 'none'
s.sendall(b'?'); end = p.poll(5)
say([before, bool(ready), peeked, ''.join(got), empty, bool(end[0][1] & select.EPOLLRDHUP)])
""", GREETED + "read(s, 1); s.sendall(b'abcdef'); read(s, 1); s.close()")

    assert said == [[[], True, ["abcd", "abcdef"], "abcdef", "none", True]]


def test_files_go_by_sendfile(lab, pair):
    said, heard = talk(*pair, GREET + """
import tempfile
f = tempfile.TemporaryFile(); data = pattern(3_000_000); f.write(data); f.flush(); f.seek(0)
s.sendfile(f); s.close(); say(digest(data))
""", GREETED + "say(digest(read_all(s)))")

    assert said == heard
    assert messages(lab) > 1


def test_a_close_with_unread_data_ends_the_writer(pair):
    said, _ = talk(*pair, GREET + """
s.sendall(b'x' * 1000); time.sleep(0.5)
try:
    for n in range(50): s.sendall(b'y'); time.sleep(0.02)
    say('goes on')
except OSError as e: say(type(e).__name__)
""", GREETED + "time.sleep(0.2); s.close()")

    assert said[0] in ("BrokenPipeError", "ConnectionResetError")


def test_a_reader_that_dies_ends_the_writer(pair):
    said, _ = talk(*pair, GREET + """
s.sendall(b'x' * 1000)
try: data = s.recv(10); say(repr(data))
except OSError as e: say(type(e).__name__)
""", GREETED + "time.sleep(0.2); s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close()")

    assert said == ["ConnectionResetError"]


def test_a_thousand_connections_at_once(lab, pair):
    a, b = pair
    server = Listener(b, """
import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
all = []
for n in range(1001): s, _ = l.accept(); s.sendall(b'hello'); all.append(s)
for n, s in enumerate(all): s.sendall(read(s, 8))
say('done')
""")

    said = connect(a, b.address, """
import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
all = [s] + [socket.create_connection(('%s', 80)) for n in range(1000)]
for c in all: read(c, 5)
for n, c in enumerate(all): c.sendall(b'%%8d' %% n)
say(sum(read(c, 8) == b'%%8d' %% n for n, c in enumerate(all)))
""" % b.address)

    assert said == [1001]
    assert server.said() == ["done"]
    assert messages(lab) == 3003


def test_options_that_would_go_wrong_are_refused(pair):
    """Kernel TLS: what is written would go to the other end in clear. Zero copy: no notice would ever come."""
    said, _ = talk(*pair, GREET + """
def outcome(*option):
    try: s.setsockopt(*option); return 'set'
    except OSError as e: return e.errno
say([outcome(socket.SOL_TCP, 31, b'tls'), outcome(socket.SOL_SOCKET, 60, 1),
     outcome(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)])
""", GREETED)

    assert said == [[2, 95, "set"]]


def test_a_socket_with_zero_copy_keeps_to_packets(lab, pair):
    a, b = pair
    code = """
import errno
c = socket.socket(); c.setsockopt(socket.SOL_SOCKET, 60, 1); c.connect(('%s', 80)); read(c, 5)
c.send(b'x' * 5000, 0x4000000)
p = select.poll(); p.register(c, select.POLLERR)
say([bool(p.poll(5000)), c.recvmsg(1, 200, socket.MSG_ERRQUEUE)[0] == b''])
""" % b.address
    server = Listener(b, "for n in range(2):\n s, _ = l.accept(); s.sendall(b'hello'); read_all(s)")

    said = connect(a, b.address, "s.close()\n" + code)

    assert said == [[True, True]]
    server.said()


def test_a_reader_that_waits_for_more_gets_packets(lab, pair):
    """SO_RCVLOWAT: it is woken when there is enough."""
    said, heard = talk(*pair, GREET + """
s.sendall(b'abc'); time.sleep(0.5); s.sendall(b'defghij'); say(s.recv(1) == b'')
""", "s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 10);" + GREETED + "say(s.recv(99).decode())")

    assert (said, heard) == ([True], ["abcdefghij"])
    assert messages(lab) == 1, "the greeting"


def test_a_reader_that_is_asleep_for_packets_gets_packets(pair):
    """With MSG_WAITALL, behind what went in packets because there was no room: it must not miss what follows."""
    said, heard = talk(*pair, GREET + """
data = pattern(5_000_000); sent = 0; s.setblocking(False)
while sent < 4_000_000:
    try: sent += s.send(data[sent:sent + 50_000])
    except BlockingIOError: break
s.setblocking(True); s.settimeout(20); s.sendall(b'go' * 10)
time.sleep(1.5)
rest = sent
while rest < sent + 100_000: s.sendall(data[rest:rest + 1000]); rest += 1000; time.sleep(0.002)
s.close(); say([rest + 20, digest(data[:sent] + b'go' * 10 + data[sent:rest])])
""", GREETED + """
time.sleep(1); got = b''
while True:
    part = s.recv(1 << 24, socket.MSG_WAITALL)
    if not part: break
    got += part
say([len(got), digest(got)])
""")

    assert said == heard


def test_a_small_receive_buffer_bounds_what_waits(lab, pair):
    said, heard = talk(*pair, GREET + """
s.setblocking(False); sent = 0; idle = 0; s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
while idle < 10:
    try: sent += s.send(b'x' * 1000); idle = 0
    except BlockingIOError: idle += 1; time.sleep(0.05)
s.close(); say([sent < 200_000, sent])
""", "s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192);" + GREETED
                       + "time.sleep(2); say([True, len(read_all(s))])")

    assert said == heard


def test_two_threads_write_to_one_socket(pair):
    said, heard = talk(*pair, GREET + """
def write(letter):
    for n in range(3000): s.sendall(b'%c%06d;' % (letter, n))
all = [threading.Thread(target=write, args=(ord(c),)) for c in 'ab']
[t.start() for t in all]; [t.join() for t in all]; s.close(); say('done')
""", GREETED + """
words = read_all(s).decode().split(';')[:-1]
say([[w for w in words if w[0] == c] == ['%s%06d' % (c, n) for n in range(3000)] for c in 'ab'])
""")

    assert heard == [[True, True]]
