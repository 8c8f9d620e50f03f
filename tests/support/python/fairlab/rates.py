"""How fast datagrams and TCP really are, as the receiver sees it."""

import json

from .process import wait_until
from .talk import PYTHON

FRAME = 1442  # bytes of a datagram's frame over IPv4: Ethernet 14, IP 20, UDP 8, payload
PAYLOAD = FRAME - 42
TCP_PAYLOAD, TCP_FRAME = 1448, 1514  # of a full segment with timestamps, at an MTU of 1500
PORT = 9100

# Counts what arrives between two moments: bytes of payload in so many seconds, after some have passed.
COUNT = """
import json, socket, sys, time
kind, port, skip, span = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
if kind == "udp":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    s.bind(("", port))
    print("ready", flush=True)
else:
    l = socket.create_server(("", port))
    print("ready", flush=True)
    s, _ = l.accept()
s.settimeout(30)
if len(sys.argv) > 5:  # ask for the datagrams, which come back to this very port
    s.sendto(b"please", (sys.argv[5], port))
s.recv(1 << 16)
began, got, first, last = time.monotonic(), 0, None, None
while True:
    part = len(s.recv(1 << 16))
    now = time.monotonic()
    if now < began + skip:
        continue
    if first is None:
        first = now
        continue
    got, last = got + part, now
    if now > first + span or not part:
        break
print(json.dumps([got, last - first]), flush=True)
"""

# Datagrams at a rate of frames in bits per second, or TCP as fast as it goes.
SEND = f"""
import socket, sys, time
kind, address, port, rate, span = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
end = time.monotonic() + span
if kind == "tcp":
    s = socket.create_connection((address, port), 10)
    try:
        while time.monotonic() < end:
            s.send(b"x" * 65536)
    except OSError:
        pass
    sys.exit()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
to = (address, port)
if kind == "answer":
    s.bind(("", port))
    print("ready", flush=True)
    to = s.recvfrom(100)[1]
    end = time.monotonic() + span
began, sent = time.monotonic(), 0
while (now := time.monotonic()) < end:
    while sent * {FRAME * 8} < (now - began) * rate:
        try:
            s.sendto(b"x" * {PAYLOAD}, to)
        except OSError:
            pass  # a full queue, or somebody said "port unreachable"
        sent += 1
    time.sleep(0.001)
"""

class Receiver:
    def __init__(self, box, kind, *, skip=1.0, span=2.5, port=PORT, ask=None):
        self.kind = kind
        words = [kind, port, skip, span] + ([ask] if ask else [])
        self.process = box.start(*PYTHON, COUNT, *words, until="ready")

    def rate(self):
        """Bits per second of whole frames, as the limit counts them."""
        out, _ = self.process.popen.communicate(timeout=60)
        got, span = json.loads(out.decode().splitlines()[-1])
        frame, payload = (FRAME, PAYLOAD) if self.kind == "udp" else (TCP_FRAME, TCP_PAYLOAD)
        return got * 8 * frame / payload / span


def send(box, kind, address, rate=0, *, span=8, port=PORT, until=None):
    return box.start(*PYTHON, SEND, kind, address, port, rate, span, until=until)


def measure(sender, receiver, kind, address, offered=0, *, to_port=PORT, **options):
    """What arrives, bit/s, of what `sender` sends to `address` and `receiver` gets on PORT."""
    receiving = Receiver(receiver, kind, **options)
    sending = send(sender, kind, address, offered, port=to_port)
    try:
        return receiving.rate()
    finally:
        sending.stop()


def has_fq(host):
    """Does the kernel have the qdisc that keeps departure times?"""
    host.run("ip link add fl-try type veth peer name fl-try2")
    known = host.run("tc qdisc add dev fl-try root fq", check=False).code == 0
    host.run("ip link del fl-try")
    return known


def put_fq(host, device):
    host.run("tc", "qdisc", "replace", "dev", device, "root", "fq")
    wait_until(lambda: "fq" in host.run("tc", "qdisc", "show", "dev", device).out, "fq")
