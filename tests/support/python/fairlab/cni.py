"""CNI on a host: folders and configuration of the host's own, and a runtime that does nothing but exec the plugin."""

import itertools
import json

from . import image
from .daemon import API, STATE, program
from .engine import last_line

PLUGINS = "/usr/lib/cni"
REFERENCE = "/run/host/cni"  # the distribution's own plugins
CONFIG = "/etc/cni/net.d"
TYPE = "fairlead-cni"
CAPABILITIES = ("portMappings", "mac", "ips", "bandwidth", "dns", "aliases")
TOMBSTONES = f"{STATE}/detached"


class Refused(Exception):
    """The error object of a plugin."""

    def __init__(self, outcome):
        try:
            self.error = json.loads(outcome.out)
        except ValueError:
            raise AssertionError(f"no error object: {outcome}") from None
        self.code, self.message = self.error["code"], self.error["msg"]
        super().__init__(f"{self.code}: {self.message}")


def prepare(host):
    """Makes the folders of CNI, and those where runtimes keep what they know, the host's own."""
    host.run(f"""set -e
        mkdir -p {REFERENCE} && mount --bind {PLUGINS} {REFERENCE}
        for folder in {PLUGINS} /etc/cni /var/lib /dev/shm; do mount -t tmpfs tmpfs $folder; done
        mkdir -p {CONFIG} /var/lib/containers
        ln -s {REFERENCE}/* {PLUGINS}/""")
    host.run("ln", "-s", program(TYPE), f"{PLUGINS}/{TYPE}")


def plugin(**keys):
    """Our entry of a list. `keys`: of the plugin; `of="bridge"`: of a plugin of the distribution."""
    kind = keys.pop("of", TYPE)
    ours = {"socket": API, "state_dir": STATE} if kind == TYPE else {}
    return {"type": kind, "capabilities": dict.fromkeys(CAPABILITIES, True), **ours, **keys}


def conflist(name, *chained, before=(), version="1.0.0", **keys):
    """A list as people write it. `chained`, `before`: plugins behind and before ours."""
    return {"cniVersion": version, "name": name, "plugins": [*before, plugin(**keys), *chained]}


def install(host, number, document):
    """Writes a list as NN-NAME.conflist; returns its path."""
    path = f"{CONFIG}/{number}-{document['name']}.conflist"
    with open(host.path(path), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    return path


class Place:
    """A net namespace on a host that some runtime made. `pid`: of a process in it, as the host sees it."""

    def __init__(self, host, name, pid):
        self.host, self.name, self.pid = host, name, pid
        self.netns = f"/proc/{pid}/ns/net"

    def run(self, *command, **options):
        return self.host.run(*command, container=self.pid, **options)

    def start(self, *command, **options):
        return self.host.start(*command, container=self.pid, **options)

    def tool(self, *arguments, timeout=20):
        return last_line(self.run(image.tool(), *arguments, check=False, timeout=timeout))

    def serve(self, *ports):
        return self.start(image.tool(), "serve", *ports, until="ready")

    def ping(self, address, *words):
        return self.run("ping", "-q", "-c1", "-W1", *words, address, check=False).code == 0

    def interfaces(self):
        """Name -> {mac, mtu, addresses} of what is not the loopback device."""
        rows = json.loads(self.run("ip", "-j", "addr").out)
        return {row["ifname"]: {"mac": row["address"], "mtu": row["mtu"],
                                "addresses": [f"{a['local']}/{a['prefixlen']}" for a in row["addr_info"]
                                              if a["scope"] == "global"]}
                for row in rows if row["ifname"] != "lo"}

    def address(self, interface="eth0"):
        """The first one, without its length."""
        return self.interfaces()[interface]["addresses"][0].split("/")[0]

    def routes(self):
        """(where to, by which address) of IPv4."""
        return [(row["dst"], row.get("gateway")) for row in json.loads(self.run("ip", "-j", "route").out)]


class Sandbox(Place):
    """A namespace that a test made, and is its runtime: the plugin is called by exec, as the specification says."""

    _numbers = itertools.count(1)

    def __init__(self, host, name):
        self.holder = host.namespace(name)
        super().__init__(host, name, host.inner_pid(self.holder.pid))
        self.id = f"{name}-{next(self._numbers)}"

    def call(self, verb, config, **more):
        """What the plugin says on success."""
        given = {"container": self.id, "netns": self.netns, "interface": "eth0", **more}
        return call(self.host, verb, config, **given)

    def add(self, config, **more):
        return self.call("ADD", config, **more)

    def delete(self, config, **more):
        return self.call("DEL", config, **more)

    def check(self, config, result, **more):
        return self.call("CHECK", {**config, "prevResult": result}, **more)

    def end(self):
        """All processes in it end, and nobody calls DEL."""
        self.holder.stop()


def single(name, version="1.0.0", runtime=None, **keys):
    """The configuration as the plugin gets it: of one plugin, with what the runtime gives for its capabilities."""
    config = {"cniVersion": version, "name": name, **plugin(**keys)}
    if runtime:
        config["runtimeConfig"] = runtime
    return config


def call(host, verb, config, *, container=None, netns=None, interface=None, args=None, path=PLUGINS, timeout=20):
    """Raises Refused with the error object."""
    names = {"CNI_COMMAND": verb, "CNI_CONTAINERID": container, "CNI_NETNS": netns, "CNI_IFNAME": interface,
             "CNI_ARGS": args, "CNI_PATH": path}
    env = {key: value for key, value in names.items() if value is not None}
    data = config if isinstance(config, bytes) else json.dumps(config).encode()
    outcome = host.run(f"{PLUGINS}/{config['type'] if isinstance(config, dict) else TYPE}", env=env, data=data,
                       check=False, timeout=timeout)
    if outcome.code != 0:
        raise Refused(outcome)
    return json.loads(outcome.out) if outcome.out.strip() else None
