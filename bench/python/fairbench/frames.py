"""Whether a wire is of the kind that it should be: how large the packets are that leave its two ends."""

import json

from fairlab.process import Failed

from . import traffic
from .contender import ACROSS, FRAMES, STREAM_PORT
from .wire import DEVICE, MTU

ETHERNET = 14  # bytes of the header, which an MTU does not count
ENOUGH = 300  # packets; a Gbit/s and a half for 0.4 s, in the largest packets there can be, is more


def check(contender, kind):
    """Streams both ways while the tool looks at what each host sends. `largest`: bytes of a packet, `packets`: how many
    it saw; `right`: only frames cross where only frames may."""
    path = contender.path(ACROSS if ACROSS in contender.paths else contender.paths[0])
    traffic.serve(path, "stream")
    _stream(path, "out", 10)  # whatever the first packets of a path wait for
    logs = [f"{contender.logs}/watch-{contender.name}-{kind}-{number}.json" for number in (1, 2)]
    watchers = [host.start(traffic.tool(), "watch", DEVICE, 60000, log=log)
                for host, log in zip(contender.hosts(), logs)]
    for way in ("out", "back"):
        _stream(path, way, 200)
    for watcher in watchers:
        watcher.stop()
    seen = [_read(log) for log in logs]
    largest, packets = max(each["largest"] for each in seen) - ETHERNET, sum(each["packets"] for each in seen)
    if packets < ENOUGH:
        raise Failed(f"only {packets} packets were seen on the wire although streams crossed it")
    return {"wire": kind, "contender": contender.name, "mtu": MTU, "packets": packets,
            "largest": largest, "right": kind != FRAMES or largest <= MTU}


def _stream(path, way, milliseconds):
    traffic.ask(path, "stream", way, path.address, path.port(STREAM_PORT), 1, milliseconds)


def _read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return json.loads(text)
    except ValueError:
        raise Failed(f"the watcher of packet sizes said: {text}") from None
