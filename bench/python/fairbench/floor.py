"""What is left when a container driver does nothing: a veth device, and BPF programs that only redirect.

No driver that gives containers veth devices can be faster on the same kernel. What lies between this and `host` is the
kernel's price of the second device; what lies between fairlead and this is fairlead's own.
"""

import ipaddress
import os
import sysconfig

from fairlab.image import TREE
from fairlab.process import run

from .contender import ACROSS, Path
from .hosts import OVERHEAD
from .namespace import Namespace
from .on_pair import OnPair
from .wire import DEVICE, MTU

SOURCES = os.path.join(TREE, "bench", "tools")
LEG = "leg0"


class Floor(OnPair):
    name = "floor"
    what = "veth devices and programs that redirect every packet: no addresses looked at, no tunnel"
    paths = (ACROSS,)
    source = "redirect.bpf.c"
    mtu = MTU - OVERHEAD  # of the containers' devices

    def open(self):
        one, two = self.join()
        client, server = self.container(one, two, 1), self.container(two, one, 2)
        self.known = {ACROSS: Path(client, server, self.inside(2), self.mtu)}

    @staticmethod
    def inside(number):
        """The address of the container on host 1 or 2."""
        return f"10.96.0.{number}"

    def container(self, host, other, number):
        box = Namespace(host, "container")
        host.run(f"ip link add {LEG} mtu {self.mtu} type veth peer name eth0 mtu {self.mtu}")
        host.give("eth0", box)
        host.run("ip", "link", "set", LEG, "up")
        box.run(f"ip addr add {self.inside(number)}/24 dev eth0 && ip link set eth0 up")
        words = self.words(host, other, number)
        self._attach(host, LEG, DEVICE, [*words, "-DPEER=0"])
        self._attach(host, DEVICE, LEG, [*words, "-DPEER=1"])
        return box

    def words(self, host, other, number):
        """What the compiler is to know of the two hosts, of which `host` is host `number`."""
        return ()

    def _attach(self, host, device, to, words):
        """At the device's ingress."""
        program = os.path.join(self.logs, f"{self.name}-{self.kind}-{host.name}-{device}.o")
        index = host.run("ip", "-o", "link", "show", "dev", to).out.split(":")[0]
        include = f"/usr/include/{sysconfig.get_config_var('MULTIARCH')}"
        run(["clang", "-target", "bpf", "-O2", "-isystem", include, f"-DTO={index}", *words, "-c",
             os.path.join(SOURCES, self.source), "-o", program])
        host.run(f"tc qdisc add dev {device} clsact"
                 f" && tc filter add dev {device} ingress bpf direct-action object-file {program} section tc")


class FloorWithTunnel(Floor):
    name = "floor-tunnel"
    what = "the same with a VXLAN header that is put on and taken off, all of it constant, nothing checked"
    source = "tunnel.bpf.c"

    def words(self, host, other, number):
        # The kernel's device is what merges tunnel packets of a wire with frames (GRO).
        host.run("ip link add tunnel0 type vxlan external dstport 4789 && ip link set tunnel0 up")
        return hosts_as_words(host, other)


def hosts_as_words(near, far):
    """NEAR, NEAR_MAC, FAR, FAR_MAC: addresses at the ends of the wire."""
    words = []
    for name, host in (("NEAR", near), ("FAR", far)):
        octets = ",".join("0x" + byte for byte in mac(host).split(":"))
        words += [f"-D{name}={int(ipaddress.ip_address(host.addresses[0]))}U", f"-D{name}_MAC={{{octets}}}"]
    return words


def mac(host):
    return host.run("ip", "-o", "link", "show", "dev", DEVICE).out.split("link/ether ")[1].split()[0]


CONTENDERS = [Floor, FloorWithTunnel]
