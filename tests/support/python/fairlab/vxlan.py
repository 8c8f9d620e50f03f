"""VXLAN as others see it: frames that were captured, frames that are forged, and a kernel's own vxlan device."""

import ipaddress
import os
import struct
from dataclasses import dataclass

from .cluster import PORT
from .etcd import ROOT
from .process import wait_until

SEND = ("import socket, sys; f, to, port, data = sys.argv[1:];"
        "s = socket.socket(socket.AF_INET6 if f == '6' else socket.AF_INET, socket.SOCK_DGRAM);"
        "[s.sendto(bytes.fromhex(data), (to, int(port))) for _ in range(3)]")


@dataclass
class Packet:
    """One outer packet that goes to the tunnel port."""

    tos: int
    dont_fragment: bool
    ttl: int
    source: str
    target: str
    source_port: int
    checksum: int
    flags: int
    vni: int
    inner: bytes  # an Ethernet frame

    @property
    def inner_addresses(self):
        if self.inner[12:14] == b"\x08\x00":
            return tuple(str(ipaddress.ip_address(self.inner[at:at + 4])) for at in (26, 30))
        if self.inner[12:14] == b"\x86\xdd":
            return tuple(str(ipaddress.ip_address(self.inner[at:at + 16])) for at in (22, 38))
        return ()


def decode(frame, port=PORT):
    """None: it is no packet to the tunnel port."""
    if frame[12:14] == b"\x08\x00" and frame[23] == 17:
        at = 14 + (frame[14] & 15) * 4
        tos, ttl = frame[15], frame[22]
        fragments = struct.unpack_from(">H", frame, 20)[0]
        source, target = frame[26:30], frame[30:34]
    elif frame[12:14] == b"\x86\xdd" and frame[20] == 17:
        at = 54
        tos, ttl, fragments = struct.unpack_from(">H", frame, 14)[0] >> 4 & 0xff, frame[21], 0x4000
        source, target = frame[22:38], frame[38:54]
    else:
        return None
    sport, dport, _, checksum = struct.unpack_from(">HHHH", frame, at)
    if dport != port:
        return None
    return Packet(tos=tos, dont_fragment=bool(fragments & 0x4000), ttl=ttl,
                  source=str(ipaddress.ip_address(source)), target=str(ipaddress.ip_address(target)),
                  source_port=sport, checksum=checksum, flags=frame[at + 8],
                  vni=int.from_bytes(frame[at + 12:at + 15], "big"), inner=frame[at + 16:])


class Capture:
    """What crosses a device of a host, from now on."""

    def __init__(self, host, *filters, device="up0"):
        self.host = host
        self.path = f"/run/host/capture-{device}.pcap"
        host.run("rm", "-f", self.path)
        self.process = host.start("tcpdump", "--immediate-mode", "-U", "-s", "256", "-i", device, "-w", self.path,
                                  *filters)
        wait_until(lambda: os.path.exists(host.path(self.path)) and os.path.getsize(host.path(self.path)) >= 24,
                   "tcpdump to listen")

    def stop(self):
        """The frames, oldest first."""
        self.process.stop()
        with open(self.host.path(self.path), "rb") as file:
            data = file.read()
        frames, at = [], 24
        while at + 16 <= len(data):
            size = struct.unpack_from("<I", data, at + 8)[0]
            frames.append(data[at + 16:at + 16 + size])
            at += 16 + size
        return frames

    def packets(self):
        """Those to the tunnel port."""
        return [packet for packet in map(decode, self.stop()) if packet]


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def datagram(source, target, payload=b"forged", *, mac="02:00:00:00:00:99", source_mac="02:00:00:00:00:98", port=9):
    """An Ethernet frame with a UDP packet, IPv4 or IPv6."""
    a, b = ipaddress.ip_address(source), ipaddress.ip_address(target)
    udp = struct.pack(">HHHH", 5555, port, 8 + len(payload), 0) + payload
    if a.version == 4:
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, a.packed, b.packed)
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        kind = b"\x08\x00"
    else:
        head = struct.pack(">IHBB16s16s", 6 << 28, len(udp), 17, 64, a.packed, b.packed)
        pseudo = a.packed + b.packed + struct.pack(">II", len(udp), 17) + udp + b"\0" * (len(udp) % 2)
        udp = udp[:6] + struct.pack(">H", checksum(pseudo) or 0xffff) + udp[8:]
        kind = b"\x86\xdd"
    return mac_bytes(mac) + mac_bytes(source_mac) + kind + head + udp


def inject(host, target, vni, frame, port=PORT):
    """Sends the frame in a tunnel packet, three times, from the host's own address."""
    tunnel = struct.pack(">BBHI", 8, 0, 0, vni << 8) + frame
    host.run("/usr/bin/python3", "-c", SEND, "6" if ":" in target else "4", target, str(port), tunnel.hex())


class KernelPeer:
    """A host that runs no fairlead: one vxlan device with static entries. The cluster's records about it are
    written by hand."""

    MAC = "02:42:00:00:00:77"

    def __init__(self, cluster, network, vni, v4, v6=None, *, name="kernel", number=21, port=PORT):
        self.cluster, self.network, self.name = cluster, network, name
        self.host = cluster.wire.host(name, number)
        self.address, self.address6 = v4.split("/")[0], v6.split("/")[0] if v6 else None
        self.root = f"{ROOT}default/"
        self.keys = []
        local = self.host.addresses[0]
        self.host.run(f"ip link add vx mtu 1450 type vxlan id {vni} dstport {port} local {local} nolearning dev up0"
                      f" && ip link set vx address {self.MAC} && ip addr add {v4} dev vx && ip link set vx up")
        if v6:
            self.host.run(f"ip -6 addr add {v6} dev vx nodad")
        self.put(f"nodes/{name}", {"vteps": [local], "port": port, "mtu": 1500, "instance": "by-hand"})
        self.put(f"members/{network}/{name}", {})
        self.put(f"eps/{network}/{name}/by-hand", {"v4": self.address, "v6": self.address6, "mac": self.MAC,
                                                   "name": name})
        self.put(f"alive/{name}", {"boot_id": "by-hand", "version": "kernel", "since": "2026-01-01T00:00:00Z"})

    def put(self, key, value):
        self.keys.append(self.root + key)
        self.cluster.etcd.put(self.root + key, value)

    def knows(self, mac, vtep, *addresses):
        """Where a container of another host is."""
        self.host.run("bridge", "fdb", "replace", mac, "dev", "vx", "dst", vtep)
        for address in addresses:
            self.host.run("ip", "neigh", "replace", address, "lladdr", mac, "dev", "vx", "nud", "permanent")

    def close(self):
        for key in reversed(self.keys):
            self.cluster.etcd.delete(key)
        self.host.close()
        self.cluster.wire.hosts.remove(self.host)
