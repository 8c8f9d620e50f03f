"""A Docker engine of a host's own: dockerd and containerd, state on the host's private tmpfs."""

import json
import os
import signal

from . import image
from .process import Failed, wait_until

SOCKET = "/run/host/docker.sock"


class Engine:
    def __init__(self, host, *, log, options=()):
        self.host = host
        self.log = log
        self.options = list(options)
        self.daemon = None

    def start(self):
        return self.launch().wait()

    def launch(self):
        """Without waiting, so that several engines can start side by side."""
        arguments = [
            "--config-file=/run/host/daemon.json",
            "--data-root=/run/host/docker",
            "--exec-root=/run/docker/exec",
            "--pidfile=/run/host/docker.pid",
            f"--host=unix://{SOCKET}",
            f"--cgroup-parent=/{self.host.label}/containers",
            "--exec-opt=native.cgroupdriver=cgroupfs",
            *self.options,
        ]
        self.host.run("sh", "-c", "echo '{}' > /run/host/daemon.json; rm -f /run/host/docker.pid")
        self.daemon = self.host.start("dockerd", *arguments, log=self.log)
        return self

    def wait(self):
        wait_until(self._answers, f"dockerd to answer, see {self.log}", timeout=60, step=0.1)
        return self

    def _answers(self):
        if not self.daemon.alive():
            raise Failed(f"dockerd ended:\n{self.daemon.tail()}")
        if not os.path.exists(self.host.path(SOCKET)):
            return False
        return self.docker("version", check=False).code == 0

    def import_image(self):
        self.docker("import", "--change=CMD [\"/bin/tool\",\"serve\",\"80\",\"7000-7003\"]", "-", image.NAME,
                    data=image.archive())

    def docker(self, *arguments, **options):
        env = {"DOCKER_HOST": f"unix://{SOCKET}", "DOCKER_CONFIG": "/run/host/docker-cli"}
        return self.host.run("docker", *arguments, env=env, **options)

    def compose(self, *arguments, **options):
        env = {"DOCKER_HOST": f"unix://{SOCKET}", "DOCKER_CONFIG": "/run/host/docker-cli"}
        return self.host.run("docker-compose", *arguments, env=env, **options)

    def inspect(self, thing):
        return json.loads(self.docker("inspect", thing).out)[0]

    def stop(self):
        """A clean stop: containers are stopped too."""
        self.daemon.stop(signal.SIGTERM, timeout=60)

    def kill(self):
        """As a crash: containers and their shims stay, nobody is told."""
        self.daemon.stop(signal.SIGKILL)


class Container:
    """A running container, seen from the host: commands enter its net namespace, not its file system."""

    def __init__(self, engine, name):
        self.engine = engine
        self.name = name
        self.refresh()

    def refresh(self):
        self.details = self.engine.inspect(self.name)
        self.pid = self.details["State"]["Pid"]
        return self

    def run(self, *command, **options):
        return self.engine.host.run(*command, container=self.pid, **options)

    def start(self, *command, **options):
        return self.engine.host.start(*command, container=self.pid, **options)

    def tool(self, *arguments, timeout=20):
        """Last line the tool printed: the answer, or one word for why there was none."""
        return last_line(self.run(image.tool(), *arguments, check=False, timeout=timeout))

    def address(self, network, field="IPAddress"):
        return self.details["NetworkSettings"]["Networks"][network][field]


def last_line(outcome):
    lines = outcome.text.splitlines()
    return lines[-1] if lines else f"nothing: {outcome.err.strip()}"


def host_tool(host, *arguments, timeout=20):
    return last_line(host.run(image.tool(), *arguments, check=False, timeout=timeout))

