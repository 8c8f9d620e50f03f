"""N hosts with an engine and a daemon each, that stay until they are taken down.

    lab up N                 hosts h1 .. hN on one wire, and `outside`
    lab exec HOST COMMAND    as on that host: docker and fairlead mean the host's own
    lab down
"""

import json
import os
import shutil
import subprocess
import sys

from . import cgroup, image
from .daemon import API, Daemon, program
from .engine import SOCKET, Engine
from .host import Host, Wire
from .process import Failed, environment

STATE = "/run/fairlead-lab"
PREFIX = "fllab-"
FIRST_NUMBER = 11  # h1 has 198.18.0.11


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


def up(number):
    if hosts():
        raise Failed("a lab is up already: scripts/lab down")
    down()
    os.makedirs(STATE)
    program("fairleadd")  # before anything is made
    wire = Wire(keep=True, label=PREFIX)
    try:
        for n in range(1, number + 1):
            host = wire.host(f"h{n}", FIRST_NUMBER + n - 1, keep=True, label=f"{PREFIX}h{n}")
            daemon = Daemon(host, log=f"{STATE}/h{n}-fairleadd.log").start()
            engine = Engine(host, log=f"{STATE}/h{n}-dockerd.log").start()
            engine.import_image()
            print(f"h{n}: {', '.join(host.addresses)}; fairleadd {daemon.process.pid}, dockerd {engine.daemon.pid}")
    except Exception:
        wire.close()
        shutil.rmtree(STATE)
        raise
    with open(state_file(), "w", encoding="utf-8") as file:
        json.dump({host.name: host.pid for host in wire.hosts}, file)
    print(f"image {image.NAME}: busybox and the tests' tool. Logs: {STATE}. Try: scripts/lab exec h1 docker network"
          " create -d fairlead net")


def execute(name, command):
    running = hosts()
    if name not in running:
        raise Failed(f"no host {name}; there are: {', '.join(running) or 'none (scripts/lab up 2)'}")
    host = Host.attach(name, PREFIX + name, running[name])
    env = environment({"DOCKER_HOST": f"unix://{SOCKET}", "FAIRLEAD_SOCKET": API, "TERM": os.environ.get("TERM", "")})
    env["PATH"] = f"{os.path.dirname(program('fairlead'))}:{env['PATH']}"
    return subprocess.run([*host.enter(), *command], env=env, preexec_fn=cgroup.joiner(host.cgroup),
                          check=False).returncode


def down():
    for name, pid in hosts().items():
        Host.attach(name, PREFIX + name, pid).close()
    for name in cgroup.trees(PREFIX):
        cgroup.remove(name)
    shutil.rmtree(STATE, ignore_errors=True)


def main(words):
    if words[:1] == ["up"] and len(words) == 2 and words[1].isdigit() and 0 < int(words[1]) < 200:
        up(int(words[1]))
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
