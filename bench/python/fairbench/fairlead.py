"""fairlead in each of its modes: with an etcd, with and without Docker engines."""

import os

from fairlab.cluster import Cluster
from fairlab.cnm import Runtime, binding

from .contender import (ACROSS, FRAMES, LOCAL, MASQUERADE, OWN_PORTS, PUBLISH, PUBLISHED, PUBLISHED_PORTS, SUPER,
                        Path)
from .hosts import OVERHEAD
from .on_pair import OnPair
from .wire import DEVICE, MTU

NETWORK, SUBNET = "bench", "10.97.0.0/16"
TCP, UDP = 6, 17


class Fairlead(OnPair):
    """Containers that no engine made, as `kernel` has them: nothing but fairlead is in a packet's way."""

    name = "fairlead"
    what = "fairlead, packets unpacked at TC"
    paths = (ACROSS, LOCAL, PUBLISHED, MASQUERADE)
    settings = {"xdp": "off"}  # of the table [cluster]
    top = ""  # of the settings file, before its tables
    tables = ""  # after [cluster]
    lease = 60  # seconds
    subnet = SUBNET
    engines = False

    def open(self):
        self.open_cluster()
        self.connect()

    def open_cluster(self):
        hosts = self.join()
        folder = os.path.join(self.logs, f"{self.name}-{self.kind}")
        self.cluster = Cluster(folder, 0, wire=self.pair, start=False, engines=self.engines, lease=self.lease,
                               top=f'uplinks = ["{DEVICE}"]\n{self.top}', tables=self.tables, **self.settings)
        for number, host in enumerate(hosts, 1):
            self.cluster.add(host, urls=[self.pair.store_url(number)], underlay=[host.addresses[0]])
        self.prepare()
        self.cluster.start()

    def prepare(self):
        """What is to be done after the store is there and before the daemons are."""

    def connect(self):
        near, far = (Runtime(host).shared_network(self.subnet) for host in self.pair.ends)
        ports = [binding(port, port, protocol) for port in PUBLISHED_PORTS for protocol in (TCP, UDP)]
        client, neighbour = near.container("client"), near.container("neighbour")
        server = far.container("server", *ports)
        self.make_paths(client, (neighbour, neighbour.address), (server, server.address))

    def make_paths(self, client, neighbour, server):
        one, two = self.pair.ends
        inside = MTU - OVERHEAD
        self.known = {
            ACROSS: Path(client, *server, inside),
            LOCAL: Path(client, *neighbour, inside),
            PUBLISHED: Path(one, server[0], two.addresses[0], MTU),
            MASQUERADE: Path(client, two, two.addresses[0], inside, OWN_PORTS),
        }


class FairleadDocker(Fairlead):
    """As a user has it: containers of Docker engines, in whose namespaces Docker translates the address of its
    resolver, so that the kernel tracks connections there. Docker's own drivers pay for that too."""

    name = "fairlead-docker"
    what = "fairlead under Docker engines, packets unpacked at TC"
    kinds = (SUPER,)
    engines = True
    options = ()  # of the network

    def connect(self):
        near, far = self.cluster
        near.shared("--subnet", self.subnet, *self.options, name=NETWORK)
        self.cluster.everywhere(NETWORK, members=[far])
        client, server = near.up("client", NETWORK), far.up("server", NETWORK, *PUBLISH)
        neighbour = near.up("neighbour", NETWORK)
        self.make_paths(client, (neighbour, neighbour.address(NETWORK)), (server, server.address(NETWORK)))


class FairleadXdp(Fairlead):
    """Only where frames cross: XDP on a veth device makes its peer cut super-packets."""

    name = "fairlead-xdp"
    what = "fairlead, packets unpacked by XDP"
    kinds = (FRAMES,)
    paths = (ACROSS,)
    settings = {"xdp": "native"}


CONTENDERS = [Fairlead, FairleadXdp, FairleadDocker]
