"""Whether a wire is of the kind that it should be: how large the packets are that leave its two ends."""

import json

from fairlab.process import Failed, wait_until

from . import traffic
from .contender import ACROSS, FRAMES, STREAM_PORT
from .wire import DEVICE, MTU

ETHERNET = 14  # bytes of the header, which an MTU does not count
ENOUGH = 1000  # packets; the streams are 3000 of the largest there can be


def check(contender, kind):
    """Streams both ways while the tool looks at what each host sends. `largest`: bytes of a packet, `packets`: how many
    it saw; `right`: only frames cross where only frames may."""
    path = contender.path(ACROSS if ACROSS in contender.paths else contender.paths[0])
    traffic.serve(path, "iperf3")
    _stream(path, "1M")  # whatever the first packets of a path wait for
    logs = [f"{contender.logs}/watch-{contender.name}-{kind}-{number}.json" for number in (1, 2)]
    watchers = [host.start(traffic.tool(), "watch", DEVICE, 3000, log=log)
                for host, log in zip(contender.hosts(), logs)]
    for direction in ((), ("-R",)):
        _stream(path, "100M", *direction)
    for watcher in watchers:
        wait_until(lambda w=watcher: not w.alive(), "the watcher to end", timeout=10)
    seen = [_read(log) for log in logs]
    largest, packets = max(each["largest"] for each in seen) - ETHERNET, sum(each["packets"] for each in seen)
    if packets < ENOUGH:
        raise Failed(f"only {packets} packets were seen on the wire while 200 MB should have crossed it")
    return {"wire": kind, "contender": contender.name, "mtu": MTU, "packets": packets,
            "largest": largest, "right": kind != FRAMES or largest <= MTU}


def _stream(path, size, *direction):
    traffic.ask(path, "iperf3", "-c", path.address, "-p", path.port(STREAM_PORT), "-n", size, "-J", *direction, timeout=30)


def _read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return json.loads(text)
    except ValueError:
        raise Failed(f"the watcher of packet sizes said: {text}") from None
