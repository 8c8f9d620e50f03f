"""Whether a wire is of the kind that it should be: how large the packets are that leave its two ends."""

import json

from fairlab.process import Failed, wait_until

from . import traffic
from .contender import ACROSS, FRAMES, STREAM_PORT
from .wire import DEVICE, MTU

ETHERNET = 14  # bytes of the header, which an MTU does not count


def check(contender, kind):
    """Streams both ways while the tool looks at what each host sends. `largest`: bytes of a packet, `packets`: how many
    it saw; `right`: only frames cross where only frames may."""
    path = contender.path(ACROSS if ACROSS in contender.paths else contender.paths[0])
    traffic.serve(path, "iperf3")
    logs = [f"{contender.logs}/watch-{contender.name}-{kind}-{number}.json" for number in (1, 2)]
    watchers = [host.start(traffic.tool(), "watch", DEVICE, 3000, log=log)
                for host, log in zip(contender.hosts(), logs)]
    for direction in ((), ("-R",)):
        traffic.ask(path, "iperf3", "-c", path.address, "-p", STREAM_PORT, "-n", "100M", "-J", *direction, timeout=30)
    for watcher in watchers:
        wait_until(lambda w=watcher: not w.alive(), "the watcher to end", timeout=10)
    seen = [_read(log) for log in logs]
    largest = max(each["largest"] for each in seen) - ETHERNET
    return {"wire": kind, "contender": contender.name, "mtu": MTU, "packets": sum(each["packets"] for each in seen),
            "largest": largest, "right": kind != FRAMES or largest <= MTU}


def _read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return json.loads(text)
    except ValueError:
        raise Failed(f"the watcher of packet sizes said: {text}") from None
