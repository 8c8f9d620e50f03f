"""What a test may leave behind, seen from outside: taken before and after, the two must be equal."""

import glob
import os
import signal
import subprocess

from . import cgroup
from .host import PREFIX
from .process import wait_until

MARK = "FAIRLEAD_RUN"  # environment variable: which run of the test suite a process belongs to
LASTING = ("links", "routes", "pins", "sysctls")  # of the machine: these may not go either


def _lines(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def _links():
    # Name and state only: counters and timers change by themselves.
    return sorted(line.split(":")[1].strip() for line in _lines("ip", "-o", "link"))


def _routes():
    # Link-local routes come with a device, a while after it.
    lines = _lines("ip", "route", "show", "table", "all") + _lines("ip", "-6", "route", "show", "table", "all")
    return sorted(line for line in lines if "fe80::" not in line and "ff00::" not in line)


def _pins():
    found = []
    for line in _lines("findmnt", "-rn", "-t", "bpf", "-o", "TARGET"):
        for folder, _, files in os.walk(line):
            found += [os.path.join(folder, file) for file in files]
    return sorted(found)


def _marked():
    """Command lines, by pid, of what this run started and what they started: all that inherited its mark."""
    mark = f"{MARK}={os.environ.get(MARK)}".encode()
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                marked = mark in file.read().split(b"\0")
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if marked:
            found[int(entry)] = command
    return found


def _processes():
    return sorted(f"{pid} {command[:100]}" for pid, command in _marked().items())


def _namespaces():
    return sorted(_lines("ip", "netns", "list"))


def _forwarding():
    values = []
    for name in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
        try:
            with open(f"/proc/sys/{name}", encoding="ascii") as file:
                values.append(f"{name}={file.read().strip()}")
        except OSError:
            continue
    return values


def _files():
    """Of an instance that was told no other place, besides its state folder; and where tests put theirs."""
    places = ("/run/fairlead/*", "/run/docker/plugins/*", "/tmp/fairlead-*")
    return sorted(path for place in places for path in glob.glob(place))


def snapshot():
    return {
        "files": _files(),
        "links": _links(),
        "routes": _routes(),
        "pins": _pins(),
        "processes": _processes(),
        "net namespaces": _namespaces(),
        "cgroups": sorted(name for name in cgroup.trees(PREFIX) if not _owner_lives(name)),
        "sysctls": _forwarding(),
    }


def differences(before, after):
    """One line for each thing that is left behind, and for each of the machine's own that is gone."""
    found = []
    for kind, was in before.items():
        now = after[kind]
        found += [f"{kind}: left behind: {thing}" for thing in now if thing not in was]
        if kind in LASTING:
            found += [f"{kind}: gone: {thing}" for thing in was if thing not in now]
    return found


def _owner_lives(name):
    owner = name[len(PREFIX):].split("-")[0]
    return owner.isdigit() and os.path.exists(f"/proc/{owner}")


def clean():
    """Removes what runs that were killed left: empty cgroups named after a process that is no more."""
    for name in cgroup.trees(PREFIX):
        if not _owner_lives(name):
            cgroup.remove(name)


def end_processes():
    """Kills all that this run started. For a run that was stopped half-way: its programs end nothing any more."""

    def none_is_left():
        for pid in _marked():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return not _marked()

    wait_until(none_is_left, "the processes of this run to end", timeout=30, step=0.1)
