"""A host: net, mount, uts and pid namespaces under one process, and the wire that joins hosts.

Death of the host's first process ends all of it. That process dies with the one that made the host
(unless `keep`), so that a killed test run leaves nothing but empty cgroup folders, which the next
run removes (leftovers.py).
"""

import os
import re
import shlex
import signal
import subprocess
import sys

from . import cgroup
from .process import Background, Failed, children, die_with_parent, environment, run, wait_until

PREFIX = "fltest-"  # of every name outside the namespaces
NETWORK_V4 = "198.18.0"
NETWORK_V6 = "2001:db8:0:1"
INIT = os.path.join(os.path.dirname(__file__), "init.py")


def run_name(name):
    return f"{PREFIX}{os.getpid()}-{name}"


class Host:
    def __init__(self, name, *, keep=False, label=None):
        self.name = name
        self.label = label or run_name(name)
        self.keep = keep
        self.background = []
        self.cgroup = cgroup.create(self.label)
        self.pid = self._start()
        self.addresses = []

    @classmethod
    def attach(cls, name, label, pid):
        """A host that another process made with `keep`."""
        host = cls.__new__(cls)
        host.name, host.label, host.pid, host.keep = name, label, pid, True
        host.background = []
        host.addresses = []
        host.cgroup = cgroup.create(label)
        host.unshare = None
        return host

    def _start(self):
        enter = cgroup.joiner(self.cgroup)

        def before():
            enter()
            if not self.keep:
                die_with_parent()

        command = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc"]
        command += [] if self.keep else ["--kill-child"]
        self.unshare = subprocess.Popen(
            [*command, "/usr/bin/python3", "-I", INIT, self.name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # init.py says on stdout what failed
            env=environment(),
            preexec_fn=before,
            start_new_session=True,
        )
        word = self.unshare.stdout.readline().decode().strip()
        self.unshare.stdout.close()
        if word != "ready":
            raise Failed(f"host {self.name} did not start: {word or 'no namespaces; are you root?'}")
        return children(self.unshare.pid)[0]

    def enter(self, *, container=None):
        """Words before a command that runs in the host, or in the net namespace of one of its processes
        (`container`: its pid as the host sees it)."""
        words = ["nsenter", f"--target={self.pid}", "--net", "--mount", "--uts", "--pid", "--"]
        if container:
            words += ["nsenter", f"--target={container}", "--net", "--"]
        return words

    def _joiner(self):
        return cgroup.joiner(self.cgroup)

    def run(self, *command, container=None, **options):
        """A command as words, or one string for the shell."""
        words = ["sh", "-c", command[0]] if len(command) == 1 and " " in command[0] else command
        return run(
            [*self.enter(container=container), *map(str, words)],
            preexec=self._joiner(),
            **options,
        )

    def start(self, *command, log=None, container=None, env=None, until=None):
        """Starts a program that stays. `until`: the line of its standard output to wait for."""
        enter = self._joiner()

        def before():
            enter()
            if not self.keep:
                die_with_parent()

        sink = open(log, "ab") if log else subprocess.DEVNULL  # noqa: SIM115
        popen = subprocess.Popen(
            [*self.enter(container=container), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if until else sink,
            stderr=sink,
            env=environment(env),
            preexec_fn=before,
            start_new_session=True,
        )
        if log:
            sink.close()
        program = Background(popen, list(map(str, command)), log)
        self.background.append(program)
        if until:
            line = popen.stdout.readline().decode().strip()
            if line != until:
                raise Failed(f"{shlex.join(program.command)}: said {line!r} instead of {until!r}")
        return program

    def namespace(self, name):
        """A process that holds a net namespace of its own: a container without an engine."""
        holder = self.start("unshare", "--net", "sh", "-c", "ip link set lo up; echo up; exec sleep infinity",
                            until="up")
        holder.name = name
        return holder

    def give(self, device, other):
        """Moves a device to another host."""
        # By pid as the machine knows it, so not from within the host's pid namespace.
        run(["nsenter", f"--target={self.pid}", "--net", "--", "ip", "link", "set", device, "netns", str(other.pid)])

    def inner_pid(self, pid):
        """What the host itself calls the process that the machine calls `pid`."""
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(re.search(r"NSpid:.*\s(\d+)$", file.read(), re.M).group(1))

    def path(self, path):
        """Where the machine sees the host's file `path`."""
        return f"/proc/{self.pid}/root{path}"

    def processes(self):
        """Command lines of the host's processes, by the pid the machine knows; not process 1."""
        ours = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self.pid:
                continue
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == ours:
                    with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                        found[int(entry)] = file.read().replace("\0", " ").strip()
            except OSError:
                continue
        return found

    def close(self):
        for program in reversed(self.background):
            if program.popen.stdout:
                program.popen.stdout.close()
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if self.unshare:
            self.unshare.wait(20)
        else:
            wait_until(lambda: not os.path.exists(f"/proc/{self.pid}"), f"host {self.name} to end")
        for program in self.background:
            try:
                program.popen.wait(5)
            except subprocess.TimeoutExpired:
                print(f"{program.command} is still there", file=sys.stderr)
        cgroup.remove(self.label)


class Wire:
    """A switch in a host of its own. Number n has 198.18.0.n/24 and 2001:db8:0:1::n/64 on device `up0`.

    Number 1 is the way out: `outside`, where nothing leads any further. It answers for 198.18.99.1 and
    2001:db8:99::1 as well, which only a default route reaches.
    """

    FAR_V4 = "198.18.99.1"
    FAR_V6 = "2001:db8:99::1"

    def __init__(self, *, keep=False, label=None):
        """`keep` and `label`, a prefix: of all hosts on it."""
        self.keep, self.label = keep, label
        self.hosts = []
        self.switch = self.place("switch")
        self.switch.run("ip", "link", "add", "sw", "type", "bridge")
        self.switch.run("ip", "link", "set", "sw", "up")
        self.outside = self.host("outside", 1)
        self.outside.run(
            f"ip addr add {self.FAR_V4}/32 dev lo; ip -6 addr add {self.FAR_V6}/128 dev lo nodad"
        )

    def place(self, name):
        """A host that is not connected to anything."""
        host = Host(name, keep=self.keep, label=self.label and self.label + name)
        self.hosts.append(host)
        return host

    def host(self, name, number, *, mtu=1500):
        host = self.place(name)
        port = f"p{number}"
        host.run(
            f"ip link add up0 mtu {mtu} type veth peer name {port} mtu {mtu}"
            f" && ip addr add {NETWORK_V4}.{number}/24 dev up0"
            f" && ip -6 addr add {NETWORK_V6}::{number:x}/64 dev up0 nodad && ip link set up0 up"
        )
        host.give(port, self.switch)
        self.switch.run(f"ip link set {port} master sw && ip link set {port} up")
        wait_until(lambda: self._carries(host, port), f"the wire of {name} to carry packets")
        if number != 1:
            host.run(
                f"ip route add default via {NETWORK_V4}.1 && ip -6 route add default via {NETWORK_V6}::1"
            )
        host.addresses = [f"{NETWORK_V4}.{number}", f"{NETWORK_V6}::{number:x}"]
        return host

    def _carries(self, host, port):
        """The kernel tells the switch and the host that the link is up a moment after it is; until then it drops."""
        return ("state forwarding" in self.switch.run("bridge", "link", "show", "dev", port).out
                and "state UP" in host.run("ip", "link", "show", "up0").out
                and "state UP" in self.switch.run("ip", "link", "show", "sw").out)

    def close(self):
        for host in reversed(self.hosts):
            host.close()
