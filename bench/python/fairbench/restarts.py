"""Whether traffic notices that the daemon ends and starts again."""

import statistics
import time

from fairlab.cnm import binding
from fairlab.continuous import Pings, Stream
from fairlab.process import Failed

from .shared import Shared

SECONDS = 8.0  # of traffic; as many restarts as fit into it
FEWEST = 3
INTERVAL = 0.002  # between packets
STREAMS = 20
PORT = 8080


def restarts(contender, _seconds):
    with contender.lone("restarts") as lone:
        return _restarts(lone, contender.logs)


def _restarts(lone, logs):
    """By SIGTERM and SIGKILL in turn. Packets go between containers and from one to the outside, connections to a
    published port."""
    network = lone.runtime.network("10.81.0.0/24")
    server, client = network.container("server", binding(PORT, 80)), network.container("client")
    server.serve("80")
    number = int(SECONDS / INTERVAL)
    pings = [Pings(client, to, number, log=f"{logs}/ping-{n}", interval=INTERVAL)
             for n, to in enumerate((server.address, lone.outside.addresses[0]))]
    streams = [Stream(lone.outside, lone.host.addresses[0], PORT, SECONDS + 1, log=f"{logs}/stream-{n}")
               for n in range(STREAMS)]
    time.sleep(0.3)
    took = []
    while True:
        (lone.daemon.stop, lone.daemon.kill)[len(took) % 2]()
        started = time.monotonic()
        lone.daemon.start()
        if not all(ping.program.alive() for ping in pings):
            break  # this one was not under traffic all the time
        took.append((time.monotonic() - started) * 1000)
    if len(took) < FEWEST:
        raise Failed(f"fairleadd restarted only {len(took)} times within {SECONDS} s of traffic")
    return {"lost": sum(ping.lost() for ping in pings), "reset": sum(not stream.whole() for stream in streams),
            "sent": number * len(pings), "streams": STREAMS, "restarts": len(took), "start_ms": statistics.median(took)}


CASES = [
    Shared("restart-lost", f"packets lost of a stream of {SECONDS:g} s, by restarts of fairleadd", "packets", restarts,
           "lost"),
    Shared("restart-reset", f"connections lost of {STREAMS}, by restarts of fairleadd", "connections", restarts,
           "reset"),
    Shared("restart-time", "start of fairleadd until it answers", "ms", restarts, "start_ms"),
]
