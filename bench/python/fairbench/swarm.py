"""Docker Swarm's `overlay`, with a real engine on each host.

Only containers that `docker run` attaches are measured: services with a virtual address want ip_vs of the kernel.
"""

from fairlab.process import wait_until

from .contender import ACROSS, Path, Unavailable
from .engines import Engines
from .hosts import OVERHEAD
from .wire import MTU

NETWORK, SUBNET = "bench", "10.99.0.0/16"
DOOR = 2377


class SwarmOverlay(Engines):
    name = "docker-overlay"
    what = "Docker Swarm's overlay, an attachable network"
    paths = (ACROSS,)  # to the outside its containers go by a bridge like docker-bridge's

    def connect(self):
        self._join()
        manager = self.engines[0]
        manager.docker("network", "create", "-d", "overlay", "--attachable", "--subnet", SUBNET, NETWORK)
        client, server = self.up(0, "client", NETWORK), self.up(1, "server", NETWORK)
        inside = server.address(NETWORK)
        wait_until(lambda: client.run("ping", "-q", "-c1", "-W1", inside, check=False).code == 0,
                   "Swarm to tell its engines of each other's containers", timeout=30, step=0.2)
        return {ACROSS: Path(client, server, inside, MTU - OVERHEAD)}

    def _join(self):
        manager, worker = self.engines[0], self.engines[1]
        one, two = (host.addresses[0] for host in self.pair.ends)
        made = manager.docker("swarm", "init", "--advertise-addr", one, "--data-path-addr", one, check=False)
        if made.code != 0:
            raise Unavailable(f"docker swarm init says: {made.err.strip()}")
        token = manager.docker("swarm", "join-token", "-q", "worker").text
        worker.docker("swarm", "join", "--token", token, "--advertise-addr", two, "--data-path-addr", two,
                      f"{one}:{DOOR}")


CONTENDERS = [SwarmOverlay]
