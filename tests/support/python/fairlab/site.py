"""One host with an engine, seen as a user of one network driver sees it."""

import itertools
import re

from . import image
from .engine import Container, host_tool
from .process import wait_until


class Site:
    def __init__(self, driver, wire, host, engine, daemon=None):
        self.driver = driver
        self.wire = wire
        self.outside = wire.outside
        self.host = host
        self.engine = engine
        self.daemon = daemon
        self.address, self.address6 = host.addresses
        self.networks = []
        self.containers = []
        self.links = self.links_now()
        self._numbers = itertools.count(1)

    def docker(self, *arguments, **options):
        return self.engine.docker(*arguments, **options)

    def refused(self, *arguments):
        """What Docker tells a user whose command must fail."""
        outcome = self.docker(*arguments, check=False)
        assert outcome.code != 0, f"should have been refused: {outcome}"
        return outcome.err.strip()

    # --- making ---------------------------------------------------------------------------

    def network(self, *options, name="net", driver=None):
        self.networks.append(name)
        self.docker("network", "create", "-d", driver or self.driver, *options, name)
        return name

    def up(self, name, network, *options, command=()):
        """A container box-NAME that calls itself NAME and, without `command`, serves."""
        box = f"box-{name}"
        self.containers.append(box)
        self.docker("run", "-d", "--name", box, "--hostname", name, "--network", network, *options,
                    image.NAME, *command)
        container = Container(self.engine, box)
        if not command:
            wait_until(lambda: "ready" in self.docker("logs", box).out, f"{box} to serve")
        return container

    def connect(self, network, container, *options):
        self.docker("network", "connect", *options, network, container.name)
        container.refresh()

    # --- seeing ---------------------------------------------------------------------------

    def ask(self, protocol, address, port, *, seen_from, timeout=700):
        """What a client learns: the server's name and the client address it saw, with this host's own
        addresses written as HOST, or one word for the failure."""
        words = ("ask", "-t", timeout, protocol, address, port)
        answer = seen_from.tool(*words) if isinstance(seen_from, Container) else host_tool(seen_from, *words)
        return self.neutral(answer)

    def reaches(self, protocol, address, port=80, *, seen_from):
        """The name of who answered, or "no": drivers may differ in how they say no."""
        if protocol == "ping":
            words = ("ping", "-c1", "-W1", address)
            done = seen_from.run(*words, check=False)
            return "yes" if done.code == 0 else "no"
        answer = self.ask(protocol, address, port, seen_from=seen_from).split()
        return answer[0] if len(answer) == 2 else "no"

    def neutral(self, text):
        text = re.sub(rf"{re.escape(self.address6)}\b", "HOST6", text)
        return re.sub(rf"{re.escape(self.address)}\b", "HOST", text)

    def serve(self, host, *ports):
        """A server on a host that is no container; ends with the test."""
        server = host.start(image.tool(), "serve", *ports, until="ready")
        self._servers().append(server)
        return server

    def _servers(self):
        if not hasattr(self, "servers"):
            self.servers = []
        return self.servers

    def links_now(self):
        words = (line.split()[1] for line in self.host.run("ip", "-o", "link").out.splitlines())
        return sorted(word.rstrip(":").split("@")[0] for word in words)

    def network_names(self):
        return self.docker("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}").out.split()

    # --- cleaning -------------------------------------------------------------------------

    def remove(self, *containers):
        names = [c.name for c in containers]
        self.docker("rm", "-f", *names)
        self.containers = [name for name in self.containers if name not in names]

    def clean(self):
        """Removes what the test made; returns what stayed although it should not."""
        self.stop_containers()
        self.remove_networks()
        return self.left()

    def stop_containers(self):
        for server in self._servers():
            server.stop()
        self.servers = []
        if self.containers:
            self.docker("rm", "-f", *self.containers, check=False)
        self.containers = []

    def remove_networks(self):
        for name in self.networks:
            self.docker("network", "rm", name, check=False)
        self.networks = []

    def left(self):
        left = [f"container {n}" for n in self.docker("ps", "-aq").out.split()]
        left += [f"network {n}" for n in self.docker("network", "ls", "-q", "--filter", "type=custom").out.split()]
        left += [f"link {n}" for n in self.links_now() if n not in self.links]
        return left
