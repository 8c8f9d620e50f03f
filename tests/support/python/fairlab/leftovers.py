"""What a test may leave behind, seen from outside: taken before and after, the two must be equal."""

import glob
import os
import subprocess
import sys

from . import cgroup
from .host import PREFIX


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


def _processes():
    """Programs that only a test starts, wherever they run."""
    ours = ("dockerd", "containerd", "containerd-shim", "fairleadd", "fairlead", "tool")
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/comm", encoding="ascii") as file:
                name = file.read().strip()
        except OSError:
            continue
        if entry.isdigit() and (name in ours or name.startswith("containerd-shim")):
            found.append(f"{entry} {name}")
    return sorted(found)


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
        "cgroups": sorted(cgroup.trees(PREFIX)),
        "sysctls": _forwarding(),
    }


def differences(before, after):
    """One line for each thing that appeared or went."""
    found = []
    for kind, was in before.items():
        now = after[kind]
        found += [f"{kind}: left behind: {thing}" for thing in now if thing not in was]
        found += [f"{kind}: gone: {thing}" for thing in was if thing not in now]
    return found


def _alive(pid):
    return os.path.exists(f"/proc/{pid}")


def clean():
    """Removes what runs that were killed left: empty cgroups named after a process that is no more."""
    for name in cgroup.trees(PREFIX):
        owner = name[len(PREFIX):].split("-")[0]
        if owner.isdigit() and not _alive(owner):
            cgroup.remove(name)


def main():
    """`snapshot FILE` writes, `compare FILE` compares and exits 1 on a difference."""
    import json

    verb, path = sys.argv[1:3]
    if verb == "snapshot":
        clean()
        with open(path, "w", encoding="utf-8") as file:
            json.dump(snapshot(), file)
        return 0
    with open(path, encoding="utf-8") as file:
        found = differences(json.load(file), snapshot())
    for line in found:
        print(f"  {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
