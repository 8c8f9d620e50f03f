"""Docker's own `bridge`, with a real engine."""

from .contender import LOCAL, MASQUERADE, OWN_PORTS, PUBLISH, PUBLISHED, SUPER, Path
from .engines import Engines
from .wire import MTU

NETWORK = "bench"


class DockerBridge(Engines):
    """A network that a user made: names are known on it, so that Docker translates the address of its resolver in the
    container's namespace and the kernel tracks connections there, as it does with fairlead-docker."""

    name = "docker-bridge"
    what = "Docker's bridge, a network of the user's own"
    kinds = (SUPER,)  # nothing that it is compared in goes over a tunnel
    paths = (PUBLISHED, MASQUERADE, LOCAL)

    def connect(self):
        for engine in self.engines.values():
            engine.docker("network", "create", "-d", "bridge", NETWORK)
        client, server = self.up(0, "client", NETWORK), self.up(1, "server", NETWORK, *PUBLISH)
        neighbour = self.up(0, "neighbour", NETWORK)
        one, two = self.pair.ends
        return {
            LOCAL: Path(client, neighbour, neighbour.address(NETWORK), MTU),
            PUBLISHED: Path(one, server, two.addresses[0], MTU),
            MASQUERADE: Path(client, two, two.addresses[0], MTU, OWN_PORTS),
        }


class DefaultBridge(Engines):
    """The one that is there without being asked for. Containers' namespaces are empty of rules."""

    name = "docker0"
    what = "Docker's bridge, the default network"
    kinds = (SUPER,)
    paths = (LOCAL,)
    engines_on = (0,)

    def connect(self):
        client, neighbour = (self.up(0, name, "bridge") for name in ("client", "neighbour"))
        return {LOCAL: Path(client, neighbour, neighbour.address("bridge"), MTU)}

    def hosts(self):
        return ()  # nothing of it crosses the wire


CONTENDERS = [DockerBridge, DefaultBridge]
