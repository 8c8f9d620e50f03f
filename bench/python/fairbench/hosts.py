"""From host to host: what everything else is compared with."""

from .contender import ACROSS, MASQUERADE, PUBLISHED, Path
from .on_pair import OnPair
from .wire import MTU

OVERHEAD = 50  # bytes that VXLAN over IPv4 puts before a packet


class HostToHost(OnPair):
    name = "host"
    what = "host to host, no firewall rules"
    # Whatever a container's packet goes through, this is what it is measured against.
    paths = (ACROSS, PUBLISHED, MASQUERADE)
    mtu = MTU

    def open(self):
        one, two = self.join(mtu=self.mtu)
        self.known = dict.fromkeys(self.paths, Path(one, two, two.addresses[0], self.mtu))


class SmallerFrames(HostToHost):
    """What is lost where the wire has frames, by the tunnel header's bytes alone."""

    name = "host-50"
    what = f"host to host, MTU {MTU - OVERHEAD}"
    paths = (ACROSS,)
    cases = ("tcp-?", "tcp-?-back", "udp-1400")
    mtu = MTU - OVERHEAD


CONTENDERS = [HostToHost, SmallerFrames]
