"""From host to host: what everything else is compared with."""

from .contender import ACROSS, MASQUERADE, PUBLISHED, Contender, Path
from .wire import MTU, Pair

OVERHEAD = 50  # bytes that VXLAN over IPv4 puts before a packet


class HostToHost(Contender):
    name = "host"
    what = "host to host, no firewall rules"
    # Whatever a container's packet goes through, this is what it is measured against.
    paths = (ACROSS, PUBLISHED, MASQUERADE)
    mtu = MTU

    def open(self):
        self.pair = Pair(self.name, self.kind, mtu=self.mtu)
        one, two = self.pair.ends
        self.only = Path(one, two, two.addresses[0], self.mtu)

    def path(self, name):
        return self.only

    def hosts(self):
        return tuple(self.pair.ends)

    def close(self):
        if hasattr(self, "pair"):
            self.pair.close()


class SmallerFrames(HostToHost):
    """What is lost where the wire has frames, by the tunnel header's bytes alone."""

    name = "host-50"
    what = f"host to host, MTU {MTU - OVERHEAD}"
    paths = (ACROSS,)
    cases = ("tcp-?", "tcp-?-back", "udp-1400")
    mtu = MTU - OVERHEAD


CONTENDERS = [HostToHost, SmallerFrames]
