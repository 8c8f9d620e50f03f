"""How long the plugin that podman and containerd call takes, with the daemon that it asks."""

import json
import os

from fairlab import cni
from fairlab.daemon import program
from fairlab.process import Failed

from .shared import Shared

CONTAINERS = 200
SCRIPT = os.path.join(os.path.dirname(__file__), "adds.py")


def adds(contender, _seconds):
    with contender.lone("cni") as lone:
        with open(lone.host.path("/run/host/net.json"), "w", encoding="utf-8") as file:
            json.dump(cni.single("net", version="1.1.0", subnet="10.80.0.0/16"), file)
        done = lone.host.run("/usr/bin/python3", "-I", SCRIPT, program(cni.TYPE), "/run/host/net.json", CONTAINERS,
                             check=False, timeout=120)
    if done.code != 0:
        raise Failed(done.err or str(done))
    took = {what: sorted(each) for what, each in json.loads(done.out).items()}
    return {"add_ms": took["add"][CONTAINERS // 2], "add_p99_ms": took["add"][CONTAINERS * 99 // 100],
            "delete_ms": took["delete"][CONTAINERS // 2]}


CASES = [
    Shared("cni-add", f"ADD by fairlead-cni, from exec to exit, median of {CONTAINERS} containers", "ms", adds,
           "add_ms"),
    Shared("cni-del", f"DEL by fairlead-cni, from exec to exit, median of {CONTAINERS} containers", "ms", adds,
           "delete_ms"),
]
