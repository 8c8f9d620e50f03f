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

    def open(self):
        one, two = self.join()
        client, server = self._container(one, two, 1), self._container(two, one, 2)
        self.known = {ACROSS: Path(client, server, "10.96.0.2", MTU - OVERHEAD)}

    def _container(self, host, other, number):
        box = Namespace(host, "container")
        host.run(f"ip link add {LEG} mtu {MTU - OVERHEAD} type veth peer name eth0 mtu {MTU - OVERHEAD}")
        host.give("eth0", box)
        host.run("ip", "link", "set", LEG, "up")
        box.run(f"ip addr add 10.96.0.{number}/24 dev eth0 && ip link set eth0 up")
        words = self.words(host, other)
        self._attach(host, LEG, DEVICE, [*words, "-DPEER=0"])
        self._attach(host, DEVICE, LEG, [*words, "-DPEER=1"])
        return box

    def words(self, host, other):
        """What the compiler is to know of the two hosts."""
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

    def words(self, host, other):
        # The kernel's device is what merges tunnel packets of a wire with frames (GRO).
        host.run("ip link add tunnel0 type vxlan external dstport 4789 && ip link set tunnel0 up")
        return [f"-D{name}={int(ipaddress.ip_address(each.addresses[0]))}U" for name, each in
                (("NEAR", host), ("FAR", other))] + [
            f"-D{name}_MAC={{{','.join('0x' + byte for byte in mac(each).split(':'))}}}" for name, each in
            (("NEAR", host), ("FAR", other))]


def mac(host):
    return host.run("ip", "-o", "link", "show", "dev", DEVICE).out.split("link/ether ")[1].split()[0]


CONTENDERS = [Floor, FloorWithTunnel]
