"""Two hosts and the veth pair between them: no switch, no queue, nothing else."""

import re

from fairlab.host import Host
from fairlab.process import Failed, wait_until

from .contender import FRAMES

DEVICE = "up0"  # each host's end of the wire
FIRST_NUMBER = 11  # 198.18.0.11 and .12, 2001:db8:0:1::b and ::c
MTU = 1500
# What lets super-packets cross a veth pair, in the words of ethtool. `gso` stays on: the kernel cuts at the sending
# device, as it does above a network card without TSO, so that no contender's stack has to send frame by frame.
OFFLOAD = re.compile(r"^\t?(tx-[\w-]*segmentation|tx-gso-list|tx-gso-partial): on$", re.M)


class Pair:
    """Hosts `NAME-1` and `NAME-2`. It also serves as the wire of a fairlab Cluster, whose etcd it keeps away from the
    measured wire: on a host of its own, with a veth pair to each of the two."""

    outside = None  # there is nothing beyond the other host

    def __init__(self, name, kind, *, mtu=MTU):
        self.name, self.kind, self.mtu = name, kind, mtu
        self.all = []
        self.store = None
        try:
            self.ends = [self.place("1"), self.place("2")]
            self._join()
        except BaseException:
            self.close()
            raise

    def place(self, name):
        host = Host(f"{self.name}-{name}")
        self.all.append(host)
        return host

    def _join(self):
        one, two = self.ends
        one.run(f"ip link add {DEVICE} mtu {self.mtu} type veth peer name far0 mtu {self.mtu}")
        one.give("far0", two)
        two.run(f"ip link set far0 name {DEVICE}")
        for number, host in enumerate(self.ends, FIRST_NUMBER):
            host.addresses = [f"198.18.0.{number}", f"2001:db8:0:1::{number:x}"]
            host.run(f"ip addr add {host.addresses[0]}/24 dev {DEVICE}"
                     f" && ip -6 addr add {host.addresses[1]}/64 dev {DEVICE} nodad && ip link set {DEVICE} up")
            if self.kind == FRAMES:
                self.only_frames(host)
        wait_until(lambda: one.run("ping", "-c1", "-W1", two.addresses[0], check=False).code == 0,
                   f"the wire of {self.name} to carry packets")

    @staticmethod
    def only_frames(host, device=DEVICE):
        """Kernels differ in what they know of: each is switched off where it is there and can be."""
        there = OFFLOAD.findall(host.run("ethtool", "-k", device).out)
        host.run("ethtool", "-K", device, "gro", "on", *(word for name in there for word in (name, "off")))
        left = OFFLOAD.findall(host.run("ethtool", "-k", device).out)
        if left:
            raise Failed(f"{device} of {host.name} still has {', '.join(left)}")

    def host(self, name, number):
        """For fairlab.etcd: its host, named `etcd`."""
        if name != "etcd":
            raise Failed(f"{self.name}: no room for a host {name} {number} on a wire with two ends")
        self.store = self.place(name)
        self.store.addresses = ["127.0.0.1", "::1"]
        for number, end in enumerate(self.ends, 1):
            end.run(f"ip link add ctl0 type veth peer name ctl{number} && ip addr add 198.18.{number}.2/24 dev ctl0")
            end.give(f"ctl{number}", self.store)
            self.store.run(f"ip addr add 198.18.{number}.1/24 dev ctl{number} && ip link set ctl{number} up")
            end.run("ip link set ctl0 up")
        return self.store

    @staticmethod
    def store_url(number):
        """Of the etcd, as host 1 or 2 sees it."""
        return f"http://198.18.{number}.1:2379"

    def close(self):
        for host in reversed(self.all):
            host.close()
        self.all = []
