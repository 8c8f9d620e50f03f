"""fairlead in each of its modes, with Docker engines and an etcd, as a user has it."""

import os

from fairlab.cluster import Cluster

from .contender import ACROSS, FRAMES, LOCAL, MASQUERADE, OWN_PORTS, PUBLISH, PUBLISHED, Contender, Path
from .hosts import OVERHEAD
from .wire import DEVICE, MTU, Pair

NETWORK = "bench"


class Fairlead(Contender):
    name = "fairlead"
    what = "fairlead, packets unpacked at TC"
    paths = (ACROSS, LOCAL, PUBLISHED, MASQUERADE)
    settings = {"xdp": "off"}  # of the table [cluster]
    options = ()  # of the network

    def open(self):
        self.pair = Pair(self.name, self.kind)
        one, two = self.pair.ends
        folder = os.path.join(self.logs, f"{self.name}-{self.kind}")
        self.cluster = cluster = Cluster(folder, 0, wire=self.pair, start=False, lease=60, top=f'uplinks = ["{DEVICE}"]',
                          **self.settings)
        for number, host in enumerate(self.pair.ends, 1):
            cluster.add(host, urls=[self.pair.store_url(number)], underlay=[host.addresses[0]])
        cluster.start()
        near, far = cluster
        near.shared("--subnet", "10.97.0.0/16", *self.options, name=NETWORK)
        cluster.everywhere(NETWORK, members=[far])
        client, server = near.up("client", NETWORK), far.up("server", NETWORK, *PUBLISH)
        neighbour = near.up("neighbour", NETWORK)
        inside = MTU - OVERHEAD
        self.known = {
            ACROSS: Path(client, server, server.address(NETWORK), inside),
            LOCAL: Path(client, neighbour, neighbour.address(NETWORK), inside),
            PUBLISHED: Path(one, server, two.addresses[0], MTU),
            MASQUERADE: Path(client, two, two.addresses[0], inside, OWN_PORTS),
        }

    def path(self, name):
        return self.known[name]

    def hosts(self):
        return tuple(self.pair.ends)

    def close(self):
        if hasattr(self, "pair"):
            self.pair.close()


class FairleadXdp(Fairlead):
    """Only where frames cross: XDP on a veth device makes its peer cut super-packets."""

    name = "fairlead-xdp"
    what = "fairlead, packets unpacked by XDP"
    kinds = (FRAMES,)
    paths = (ACROSS,)
    settings = {"xdp": "native"}


CONTENDERS = [Fairlead, FairleadXdp]
