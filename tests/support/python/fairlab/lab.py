"""N hosts with an engine and a daemon each, that stay until they are taken down.

    lab up N [--no-cluster]  hosts h1 .. hN on one wire, and `outside`; in a cluster, with an etcd on the host `etcd`
    lab exec HOST COMMAND    as on that host: docker and fairlead mean the host's own
    lab down
"""

import json
import os
import shutil
import subprocess
import sys

from . import cgroup, image
from .cluster import FIRST_NUMBER, Cluster
from .daemon import API, Daemon, program
from .engine import SOCKET, Engine
from .host import Host, Wire
from .process import Failed, environment, wait_until
from .site import Site

STATE = "/run/fairlead-lab"
PREFIX = "fllab-"


def state_file():
    return os.path.join(STATE, "hosts.json")


def is_alive(name, pid):
    """Whether `pid` still is the first process of the lab's host `name`, and not somebody else's."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode().split("\0")
    except OSError:
        return False
    return any(word.endswith("/fairlab/init.py") for word in words) and name in words


def hosts():
    """name -> pid of what runs."""
    try:
        with open(state_file(), encoding="utf-8") as file:
            return {name: pid for name, pid in json.load(file).items() if is_alive(name, pid)}
    except FileNotFoundError:
        return {}


def up(number, clustered=True):
    if hosts():
        raise Failed("a lab is up already: scripts/lab down")
    down()
    os.makedirs(STATE)
    program("fairleadd")  # before anything is made
    wire = Wire(keep=True, label=PREFIX)
    try:
        for site in (sharing if clustered else alone)(wire, number):
            print(f"{site.host.name}: {', '.join(site.host.addresses)}; fairleadd {site.daemon.process.pid}, dockerd"
                  f" {site.engine.daemon.pid}")
    except BaseException:
        wire.close()
        shutil.rmtree(STATE)
        raise
    with open(state_file(), "w", encoding="utf-8") as file:
        json.dump({host.name: host.pid for host in wire.hosts}, file)
    print(f"image {image.NAME}: busybox and the tests' tool. Logs: {STATE}. Try: scripts/lab exec h1 docker network"
          f" create -d fairlead {'--ipam-driver fairlead ' if clustered else ''}net")


def alone(wire, number):
    sites = []
    for n in range(1, number + 1):
        host = wire.host(f"h{n}", FIRST_NUMBER + n - 1)
        daemon = Daemon(host, log=f"{STATE}/h{n}-fairleadd.log").start()
        engine = Engine(host, log=f"{STATE}/h{n}-dockerd.log").start()
        engine.import_image()
        sites.append(Site("fairlead", wire, host, engine, daemon))
    return sites


def sharing(wire, number):
    cluster = Cluster(STATE, number, wire=wire, lease=60)
    print(f"etcd: {cluster.etcd.url()}, {cluster.etcd.url(6)}; scripts/lab exec etcd etcdctl get --prefix /fairlead")
    return cluster.members


def execute(name, command):
    running = hosts()
    if name not in running:
        raise Failed(f"no host {name}; there are: {', '.join(running) or 'none (scripts/lab up 2)'}")
    host = Host.attach(name, PREFIX + name, running[name])
    env = environment({"DOCKER_HOST": f"unix://{SOCKET}", "FAIRLEAD_SOCKET": API, "TERM": os.environ.get("TERM", ""),
                       "ETCDCTL_API": "3"})
    env["PATH"] = f"{os.path.dirname(program('fairlead'))}:{env['PATH']}"
    return subprocess.run([*host.enter(), *command], env=env, preexec_fn=cgroup.joiner(host.cgroup),
                          check=False).returncode


def down():
    for name, pid in hosts().items():
        Host.attach(name, PREFIX + name, pid).close()
    wait_until(cgroups_are_gone, "the kernel to let go of the hosts' processes")
    shutil.rmtree(STATE, ignore_errors=True)


def cgroups_are_gone():
    for name in cgroup.trees(PREFIX):
        cgroup.remove(name)
    return not cgroup.trees(PREFIX)


def main(words):
    flags = [word for word in words if word == "--no-cluster"]
    words = [word for word in words if word not in flags]
    if words[:1] == ["up"] and len(words) == 2 and words[1].isdigit() and 0 < int(words[1]) < 200:
        up(int(words[1]), clustered=not flags)
        return 0
    if words[:1] == ["exec"] and len(words) > 2:
        return execute(words[1], words[2:])
    if words == ["down"]:
        down()
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as failure:
        print(f"lab: {failure}", file=sys.stderr)
        sys.exit(1)
