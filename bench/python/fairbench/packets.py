"""What bench/packets measures in the kernel, without traffic: nanoseconds of each program's fast paths."""

import json

from fairlab.daemon import build_folder
from fairlab.process import Failed, run

from .shared import Shared

FOLDER = "bench/packets"
ROWS = (("packet-encap", "encap", "encapsulation at TC"), ("packet-decap-tc", "decap_tc", "decapsulation at TC"),
        ("packet-decap-xdp", "decap_xdp", "decapsulation by XDP"), ("packet-nat", "nat", "NAT, the slowest direction"))
