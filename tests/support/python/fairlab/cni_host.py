"""A host whose containers come by CNI."""

from . import cni
from .daemon import Daemon
from .process import Failed, wait_until
from .site import Site

NUMBER = 12  # on the wire


class CniHost(Site):
    """Networks are lists in the folder of CNI. `engine`: None, or what makes containers."""

    def __init__(self, wire, host, daemon, engine=None):
        super().__init__("fairlead", wire, host, engine, daemon)
        self.sandboxes = []

    @classmethod
    def make(cls, wire, log, *, settings="orphan_grace = 5", docker=""):
        host = wire.host("node", NUMBER)
        cni.prepare(host)
        return cls(wire, host, Daemon(host, log=log, settings=settings, docker=docker).start())

    def network(self, *chained, name="net", number=87, **keys):
        """Writes a list; takes what cni.conflist() takes."""
        self.networks.append(cni.install(self.host, number, cni.conflist(name, *chained, **keys)))
        return name

    def list_of(self, name):
        """The path of a network's list."""
        return next(path for path in self.networks if path.endswith(f"-{name}.conflist"))

    def remove_networks(self):
        for path in self.networks:
            self.host.run("rm", "-f", path)
        self.networks = []

    def sandbox(self, name):
        made = cni.Sandbox(self.host, name)
        self.sandboxes.append(made)
        return made

    def rows(self):
        """Of `fairlead endpoints`, by the name of the container."""
        return {row["name"]: row for row in self.daemon.json("endpoints")}

    def by_address(self):
        """Of `fairlead endpoints`, by the IPv4 address."""
        return {row["ipv4"].split("/")[0]: row for row in self.daemon.json("endpoints")}

    def tombstones(self):
        return self.host.run("ls", cni.TOMBSTONES, check=False).out.split()

    def left(self):
        """What stands although no container is there."""
        found = [f"link {name}" for name in self.links_now() if name not in self.links]
        found += [f"{noun[:-1]} {row}" for noun in ("endpoints", "ports") for row in self.daemon.json(noun)]
        found += [f"addresses of {row['pool']}: {row['used']}" for row in self.daemon.json("ipam")
                  if row["used"] > 1]  # the gateway's
        found += [f"tombstone {name}" for name in self.tombstones()]
        if self.engine:
            found += [f"container {name}" for name in self.docker("ps", "-aq").out.split()]
        return found

    def clean(self):
        """Ends what the test made; returns what stays all the same."""
        for sandbox in self.sandboxes:
            sandbox.end()
        self.sandboxes = []
        if self.engine:
            self.stop_containers()
        self.remove_networks()
        return self.settled()

    def settled(self, timeout=10):
        """What is still left after a while."""
        try:
            wait_until(lambda: not self.left(), "nothing to be left", timeout=timeout, step=0.1)
        except Failed:
            pass
        return self.left()
