"""What is left of NAT when all of it is known beforehand. What lies between this and fairlead's published ports and
masquerade is the price of finding out: flows, ports, policies, ways."""

import ipaddress

from .contender import MASQUERADE, OWN_PORTS, PUBLISHED, PUBLISHED_PORTS, SUPER, Path
from .floor import Floor, hosts_as_words
from .wire import MTU

GATEWAY = "10.96.0.254"  # nobody: what the container sends to it, the program sends to the other host


class FloorWithNat(Floor):
    """The first host masquerades its container, the second publishes ports of its own."""

    name = "floor-nat"
    what = "veth devices and programs that put one constant address for another and redirect, no tunnel"
    kinds = (SUPER,)
    paths = (PUBLISHED, MASQUERADE)
    source = "nat.bpf.c"
    mtu = MTU

    def open(self):
        one, two = self.join()
        client, server = self.container(one, two, 1), self.container(two, one, 2)
        self.known = {
            PUBLISHED: Path(one, server, two.addresses[0], MTU),
            MASQUERADE: Path(client, two, two.addresses[0], MTU, OWN_PORTS),
        }

    def container(self, host, other, number):
        box = super().container(host, other, number)
        box.run(f"ip neigh add {GATEWAY} lladdr 02:00:00:00:00:01 nud permanent dev eth0"
                f" && ip route add default via {GATEWAY}")
        return box

    def words(self, host, other, number):
        """Answers to the first host's container come from the second host's own ports."""
        field, shift = ("source", OWN_PORTS) if number == 1 else ("dest", 0)
        return [*hosts_as_words(host, other), f"-DINSIDE={int(ipaddress.ip_address(self.inside(number)))}U",
                f"-DFIELD={field}", f"-DFIRST={min(PUBLISHED_PORTS) + shift}", f"-DLAST={max(PUBLISHED_PORTS) + shift}"]


CONTENDERS = [FloorWithNat]
