"""What bench/packets measures in the kernel, without traffic: how long each program's fast paths take."""

import json
import os

from fairlab.daemon import build_folder
from fairlab.process import Failed, run

from .shared import Shared

PATHS = (("packet-encap", "encap", "encapsulation at TC"), ("packet-decap-tc", "decap_tc", "decapsulation at TC"),
         ("packet-decap-xdp", "decap_xdp", "decapsulation by XDP"), ("packet-nat", "nat", "NAT, the slower direction"))


def measure(_contender, _seconds):
    program = os.path.join(build_folder(), "bench", "packets", "fl_packets")
    if not os.path.exists(program):
        raise Failed(f"{program} is not built: scripts/build fl_packets")
    told = json.loads(run([program, "--json"], timeout=300).out)
    return {**told["rows"], "instructions": {path["id"]: path["instructions"] for path in told["paths"]},
            "paths_ns": {path["id"]: path["ns"] for path in told["paths"]}}


CASES = [Shared(name, f"{what}, of a program's test runs", "ns", measure, row) for name, row, what in PATHS]
