"""Hosts with Docker engines and without fairlead."""

import os

from fairlab import image
from fairlab.engine import Container, Engine

from .on_pair import OnPair


class Engines(OnPair):
    """What contenders have in common whose containers Docker itself connects."""

    engines_on = (0, 1)  # numbers of the hosts that have one

    def open(self):
        hosts = self.join()
        folder = os.path.join(self.logs, f"{self.name}-{self.kind}")
        os.makedirs(folder, exist_ok=True)
        self.engines = {number: Engine(hosts[number], log=f"{folder}/dockerd-{number + 1}.log").launch()
                        for number in self.engines_on}
        for engine in self.engines.values():
            engine.wait().import_image()
        self.known = self.connect()

    def connect(self):
        """The paths, by name."""
        raise NotImplementedError

    def up(self, number, name, network, *options):
        """A container on the host with that number. It only waits: what is measured, the bench starts in its
        namespace."""
        engine = self.engines[number]
        engine.docker("run", "-d", "--name", name, "--network", network, *options, image.NAME, "/bin/busybox", "sleep",
                      "2147483647")
        return Container(engine, name)

