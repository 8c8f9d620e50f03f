"""What is left when a container driver does nothing: a veth device, and BPF programs that only redirect.

No driver that gives containers veth devices can be faster on the same kernel. What lies between this and `host` is the
kernel's price of the second device; what lies between fairlead and this is fairlead's own.
"""

import os
import sysconfig

from fairlab.image import TREE
from fairlab.process import run

from .contender import ACROSS, Path
from .hosts import OVERHEAD
from .namespace import Namespace
from .on_pair import OnPair
from .wire import DEVICE, MTU

SOURCE = os.path.join(TREE, "bench", "tools", "redirect.bpf.c")
LEG = "leg0"


class Floor(OnPair):
    name = "floor"
    what = "veth devices and programs that redirect every packet: no addresses looked at, no tunnel"
    paths = (ACROSS,)

    def open(self):
        one, two = self.join()
        client, server = self._container(one, 1), self._container(two, 2)
        self.known = {ACROSS: Path(client, server, "10.96.0.2", MTU - OVERHEAD)}

    def _container(self, host, number):
        box = Namespace(host, "container")
        host.run(f"ip link add {LEG} mtu {MTU - OVERHEAD} type veth peer name eth0 mtu {MTU - OVERHEAD}")
        host.give("eth0", box)
        host.run("ip", "link", "set", LEG, "up")
        box.run(f"ip addr add 10.96.0.{number}/24 dev eth0 && ip link set eth0 up")
        self._attach(host, LEG, DEVICE, peer=False)
        self._attach(host, DEVICE, LEG, peer=True)
        return box

    def _attach(self, host, device, to, *, peer):
        """At the device's ingress."""
        program = os.path.join(self.logs, f"{self.name}-{self.kind}-{host.name}-{device}.o")
        index = host.run("ip", "-o", "link", "show", "dev", to).out.split(":")[0]
        include = f"/usr/include/{sysconfig.get_config_var('MULTIARCH')}"
        run(["clang", "-target", "bpf", "-O2", "-isystem", include, f"-DTO={index}", f"-DPEER={int(peer)}", "-c",
             SOURCE, "-o", program])
        host.run(f"tc qdisc add dev {device} clsact"
                 f" && tc filter add dev {device} ingress bpf direct-action object-file {program} section tc")


CONTENDERS = [Floor]
