"""What Docker makes of the kernel's own parts, without Docker: bridge, veth, vxlan, iptables, conntrack.

On each host a bridge with the rules of dockerd 28, and a namespace `overlay` with another bridge, on which stand a
vxlan device, made in the host's namespace, and a leg of each container. Containers have a leg on both.
"""

from .contender import (ACROSS, ECHO_PORT, LOCAL, MASQUERADE, OWN_PORTS, PUBLISHED, SINK_PORT, STREAM_PORT, Path)
from .hosts import OVERHEAD
from .namespace import Namespace
from .on_pair import OnPair
from .wire import MTU

BRIDGE = "docker0"
VNI, VXLAN_PORT = 4097, 4789
FILTER = """
*filter
:FORWARD DROP
:DOCKER -
:DOCKER-BRIDGE -
:DOCKER-CT -
:DOCKER-FORWARD -
:DOCKER-ISOLATION-STAGE-1 -
:DOCKER-ISOLATION-STAGE-2 -
:DOCKER-USER -
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i {bridge} -j ACCEPT
-A DOCKER-CT -o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-BRIDGE -o {bridge} -j DOCKER
{accepted}
-A DOCKER ! -i {bridge} -o {bridge} -j DROP
-A DOCKER-ISOLATION-STAGE-1 -i {bridge} ! -o {bridge} -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o {bridge} -j DROP
-A DOCKER-USER -j RETURN
COMMIT
"""
NAT = """
*nat
:DOCKER -
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s {subnet} ! -o {bridge} -j MASQUERADE
-A DOCKER -i {bridge} -j RETURN
{translated}
COMMIT
"""


def published(server):
    for port in (STREAM_PORT, ECHO_PORT, SINK_PORT):
        for protocol in ("tcp", "udp"):
            yield (f"-A DOCKER -d {server}/32 ! -i {BRIDGE} -o {BRIDGE} -p {protocol} --dport {port} -j ACCEPT",
                   f"-A DOCKER ! -i {BRIDGE} -p {protocol} --dport {port} -j DNAT --to-destination {server}:{port}")


class Side:
    """One host. `number`: 1 or 2. Its containers are NUMBER1, NUMBER2 ... in the last byte of their addresses."""

    def __init__(self, host, other, number):
        self.host, self.other, self.number = host, other, number
        self.subnet = f"172.{17 + number}.0.0/16"
        self.made = 0
        host.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        host.run(f"ip link add {BRIDGE} type bridge && ip addr add {self.on_bridge(1)}/16 dev {BRIDGE}"
                 f" && ip link set {BRIDGE} up")
        self._overlay()
        self._rules()

    def on_bridge(self, last):
        return f"172.{17 + self.number}.0.{last}"

    @staticmethod
    def on_overlay(last):
        return f"10.98.0.{last}"

    @staticmethod
    def mac(last):
        return f"02:42:0a:62:00:{last:02x}"

    def last(self, container):
        return self.number * 10 + container

    def _overlay(self):
        self.overlay = Namespace(self.host, "overlay")
        self.host.run("ip", "link", "add", "vxlan0", "type", "vxlan", "id", VNI, "dstport", VXLAN_PORT, "nolearning",
                      "proxy", "l2miss", "l3miss")
        self.host.give("vxlan0", self.overlay)
        mtu = MTU - OVERHEAD
        self.overlay.run(f"ip link add br0 mtu {mtu} type bridge && ip addr add {self.on_overlay(1)}/24 dev br0"
                         f" && ip link set br0 up && ip link set vxlan0 mtu {mtu} master br0"
                         " && ip link set vxlan0 up")

    def _rules(self):
        accepted, translated = zip(*published(self.on_bridge(self.last(1))))
        text = (FILTER + NAT).format(bridge=BRIDGE, subnet=self.subnet, accepted="\n".join(accepted),
                                     translated="\n".join(translated))
        self.host.run("iptables-restore", data=text.encode())

    def container(self, name):
        self.made += 1
        last = self.last(self.made)
        box = Namespace(self.host, name)
        self._leg(box, "eth0", self.overlay, "br0", f"{self.on_overlay(last)}/24", mtu=MTU - OVERHEAD,
                  mac=self.mac(last))
        self._leg(box, "eth1", self.host, BRIDGE, f"{self.on_bridge(last)}/16", mtu=MTU)
        box.run("ip", "route", "add", "default", "via", self.on_bridge(1))
        return box

    def _leg(self, box, name, place, bridge, address, *, mtu, mac=None):
        outer = f"v{self.made}{name}"
        self.host.run(f"ip link add {outer} mtu {mtu} type veth peer name in{outer} mtu {mtu}")
        self.host.give(f"in{outer}", box)
        if place is not self.host:
            self.host.give(outer, place)
        place.run(f"ip link set {outer} master {bridge} && ip link set {outer} up")
        box.run(f"ip link set in{outer} name {name} && ip addr add {address} dev {name}"
                + (f" && ip link set {name} address {mac}" if mac else "") + f" && ip link set {name} up")

    def knows(self, last, vtep):
        """Of a container on the other host, as Docker tells it."""
        self.overlay.run(f"ip neigh replace {self.on_overlay(last)} lladdr {self.mac(last)} nud permanent dev vxlan0"
                         f" && bridge fdb replace {self.mac(last)} dev vxlan0 dst {vtep} self permanent")


class KernelBridge(OnPair):
    name = "kernel"
    what = "Linux bridge + kernel vxlan + iptables, as Docker builds them"
    paths = (ACROSS, LOCAL, PUBLISHED, MASQUERADE)

    def open(self):
        one, two = self.join()
        near, far = Side(one, two, 1), Side(two, one, 2)
        client, neighbour, server = near.container("client"), near.container("neighbour"), far.container("server")
        near.knows(far.last(1), two.addresses[0])
        far.knows(near.last(1), one.addresses[0])
        self.known = {
            ACROSS: Path(client, server, far.on_overlay(far.last(1)), MTU - OVERHEAD),
            LOCAL: Path(client, neighbour, near.on_bridge(near.last(2)), MTU),
            PUBLISHED: Path(one, server, two.addresses[0], MTU),
            MASQUERADE: Path(client, two, two.addresses[0], MTU, OWN_PORTS),
        }


CONTENDERS = [KernelBridge]
