"""podman on a host of its own, with CNI: Debian 12 has it with netavark, and settings say otherwise."""

import json
import shlex

from . import cni, image
from .cni_host import CniHost
from .engine import Engine

ROOT = "/var/lib/containers"
SETTINGS = {
    "containers.conf": """
[containers]
default_sysctls = []
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
[network]
network_backend = "cni"
cni_plugin_dirs = ["{plugins}"]
network_config_dir = "{config}"
""",
    "storage.conf": """
[storage]
driver = "vfs"
graphroot = "{root}/storage"
runroot = "/run/containers/storage"
"""}
ENVIRONMENT = {"CONTAINERS_CONF": "/run/host/containers.conf", "CONTAINERS_STORAGE_CONF": "/run/host/storage.conf"}


class Podman(Engine):
    """Nothing runs between commands. Its command line is Docker's where the tests use it, hence docker()."""

    def __init__(self, host):
        super().__init__(host, log=None)

    def start(self):
        self.configure()
        self.import_image()
        return self

    def configure(self):
        for name, text in SETTINGS.items():
            with open(self.host.path(f"/run/host/{name}"), "w", encoding="utf-8") as file:
                file.write(text.format(plugins=cni.PLUGINS, config=cni.CONFIG, root=ROOT))

    def import_image(self):
        self.docker("import", "--change=CMD [\"/bin/tool\",\"serve\",\"80\",\"7000-7003\"]", "-",
                    f"localhost/{image.NAME}", data=image.archive())

    def docker(self, *arguments, **options):
        return self.host.run(*self.words(*arguments), env=ENVIRONMENT, **options)

    def words(self, *arguments):
        """The command line, as a list."""
        verb, *rest = arguments
        if verb == "run":
            rest = [f"--cgroup-parent=/{self.host.label}/containers", "--pull=never", *rest]
        return ["podman", verb, *rest]

    def at_once(self, commands, timeout=120):
        """Runs them side by side; returns what those said that failed."""
        lines = [f"{{ out=$({shlex.join(self.words(*each))} 2>&1) || echo \"$out\"; }} &" for each in commands]
        return self.host.run("sh", "-c", "\n".join([*lines, "wait"]), env=ENVIRONMENT, timeout=timeout).out

    def inspect(self, thing):
        return json.loads(self.docker("inspect", "--type=container", thing).out)[0]


class PodmanHost(CniHost):
    @classmethod
    def of(cls, place):
        """podman on a host that is prepared for CNI."""
        return cls(place.wire, place.host, place.daemon, Podman(place.host).start())
