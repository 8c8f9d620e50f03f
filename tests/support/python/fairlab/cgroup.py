"""cgroups that a host makes for itself, below the roots and never in them."""

import os

ROOT = "/sys/fs/cgroup"


def unified_root():
    """Where cgroup v2 is mounted: the whole tree, or `unified` beside the v1 controllers."""
    return ROOT if os.path.exists(f"{ROOT}/cgroup.controllers") else f"{ROOT}/unified"


def create(name):
    """Returns the path of NAME/host, for processes; the engine's containers go to NAME/containers."""
    path = f"{unified_root()}/{name}/host"
    os.makedirs(path, exist_ok=True)
    return path


def joiner(path):
    """For preexec_fn: moves this process into `path`."""

    def join():
        with open(f"{path}/cgroup.procs", "w", encoding="ascii") as file:
            file.write("0")

    return join


def _hierarchies():
    if unified_root() == ROOT:
        return [ROOT]
    return [f"{ROOT}/{entry}" for entry in os.listdir(ROOT)]


def trees(prefix):
    """Names of the cgroups at the roots of all hierarchies that begin with `prefix`."""
    found = set()
    for hierarchy in _hierarchies():
        try:
            found |= {e for e in os.listdir(hierarchy) if e.startswith(prefix)}
        except OSError:
            continue
    return found


def remove(name):
    """Removes the empty directories of NAME in each hierarchy; what still holds processes stays."""
    for hierarchy in _hierarchies():
        for folder, _, _ in os.walk(f"{hierarchy}/{name}", topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass
