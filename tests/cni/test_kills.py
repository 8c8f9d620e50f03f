"""1 000 containers come and go while plugin and daemon are killed at any moment: nothing is left behind."""

import json
import os
import random
import time

from fairlab import cni
from fairlab.process import wait_until

CYCLES = int(os.environ.get("FAIRLEAD_CYCLES", "1000"))
WORKERS = 2
BETWEEN = (0.5, 3.0)  # seconds from one kill of the daemon to the next
SCRIPT = os.path.join(os.path.dirname(cni.__file__), "cycles.py")
CODES = {5, 11, 50, 100, 102, 105}  # of errors that tell the truth: somebody was killed, or what he left is still there


def used(place):
    """Entries by map, of those that containers have entries in."""
    return {row["name"]: row["used"] for row in place.daemon.json("status")["maps"]
            if row["name"] in ("fl_endpoints", "fl_forward", "fl_members", "fl_ports", "fl_networks", "fl_subnets")}


def pins(place):
    return sorted(place.host.run("ls", "/sys/fs/bpf/fairlead/links", check=False).out.split())


def test_nothing_is_left_of_a_thousand_containers(place, logs):
    seed = int(os.environ.get("FAIRLEAD_SEED") or random.randrange(1 << 30))
    print(f"FAIRLEAD_SEED={seed} repeats the kills")
    config = cni.single("net", version="1.1.0", subnet="10.91.0.0/24")
    first = place.sandbox("first")
    first.add(config)
    first.delete(config)
    place.settled()
    before = used(place), pins(place)
    with open(place.host.path("/run/host/cycles.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)

    log = f"{logs}/cycles.json"
    runtime = place.host.start("/usr/bin/python3", "-I", SCRIPT, f"{cni.PLUGINS}/{cni.TYPE}", "/run/host/cycles.json",
                               CYCLES, WORKERS, seed, log=log)
    dice, kills = random.Random(seed), 0
    while runtime.alive():
        time.sleep(dice.uniform(*BETWEEN))
        place.daemon.kill()
        place.daemon.start()
        kills += 1

    with open(log, encoding="utf-8") as file:
        told = json.loads(file.read().splitlines()[-1])
    print(f"the daemon was killed {kills} times; {told}")
    assert sum(told["seen"].get(what, 0) for what in ("added", "not added")) == CYCLES // WORKERS * WORKERS
    assert told["seen"]["added"] > CYCLES / 2 and told["seen"]["killed"] > CYCLES / 50
    assert not [said for said in told["said"] if said[1] not in CODES]
    assert place.settled(timeout=20) == []
    wait_until(lambda: (used(place), pins(place)) == before, "the maps to be as before")
