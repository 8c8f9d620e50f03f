"""A fairlead daemon of a host's own, and its command line."""

import json
import os
import signal

from .image import TREE
from .process import Failed, wait_until

STATE = "/run/host/fairlead"
PINS = "/sys/fs/bpf/fairlead"
API = "/run/fairlead/fairlead.sock"
PLUGIN = "/run/docker/plugins/fairlead.sock"


def build_folder():
    return os.environ.get("FAIRLEAD_BUILD", os.path.join(TREE, "build", "release"))


def program(name):
    """Path of a built program, wherever its layer's folder puts it."""
    for folder in ("userspace/daemon", "userspace/cli", "bin", "cni-shim"):
        path = os.path.join(build_folder(), folder, name)
        if os.access(path, os.X_OK):
            return path
    raise Failed(f"{name} is not built in {build_folder()}: scripts/build")


class Daemon:
    DOCKER = "/run/host/docker.sock"  # of the host's own engine

    def __init__(self, host, *, log, settings="", docker=DOCKER, cgroup=None):
        """`cgroup`: the setting; None: the host's own folder."""
        self.host = host
        self.log = log
        self.settings = settings
        self.docker = docker
        self.cgroup = cgroup
        self.process = None

    def configure(self):
        text = f"""
plugin_socket = "{PLUGIN}"
api_socket = "{API}"
state_dir = "{STATE}"
pin_dir = "{PINS}"
cgroup = "{self.cgroup or os.path.dirname(self.host.cgroup)}"
{self.settings}
[docker]
socket = "{self.docker}"
reconcile = 5
"""
        os.makedirs(self.host.path("/run/host/etc"), exist_ok=True)
        with open(self.host.path("/run/host/etc/fairlead.toml"), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        self.configure()
        self.process = self.host.start(program("fairleadd"), "--config", "/run/host/etc/fairlead.toml", log=self.log)
        wait_until(self._answers, f"fairleadd to answer, see {self.log}", timeout=20, step=0.02)
        return self

    def _answers(self):
        if not self.process.alive():
            raise Failed(f"fairleadd ended with {self.process.popen.returncode}:\n{self.process.tail()}")
        if not os.path.exists(self.host.path(PLUGIN)):
            return False
        return self.cli("status", check=False).code in (0, 1)  # 1: it answers, but something is not well

    def stop(self):
        code = self.process.stop(signal.SIGTERM)
        if code != 0:
            raise Failed(f"fairleadd ended with {code}:\n{self.process.tail()}")

    def kill(self):
        self.process.stop(signal.SIGKILL)

    def cli(self, *arguments, **options):
        return self.host.run(program("fairlead"), f"--socket={API}", *arguments, **options)

    def json(self, noun):
        """The whole document of `status`, the rows of every other noun."""
        outcome = self.cli(noun, "-o", "json", check=noun != "status")
        document = json.loads(outcome.out)
        return document if noun == "status" else document["pools" if noun == "ipam" else noun]

    def cpu_ms(self):
        """CPU time that all its threads have used so far."""
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])  # ns
        return total / 1e6

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def teardown(self):
        """Everything of fairlead's goes; the daemon must be stopped."""
        return self.cli("teardown", "--all", f"--pin-dir={PINS}", f"--state-dir={STATE}")
