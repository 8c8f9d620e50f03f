"""Networks with very many endpoints: one container on each of two hosts, and all others in the store as if the second
host had them. The first host's daemon reads them there and fills its maps, as it would."""

import functools
import hashlib
import ipaddress
import json

from fairlab.process import Failed, wait_until

from . import flat, traffic
from .contender import ACROSS, SINK_PORT, SUPER
from .fairlead import Fairlead
from .shared import Shared

NUMBERS = (10, 1_000, 100_000)
MANY = ipaddress.ip_network("10.66.0.0/15")
FIRST = MANY[0]
AT_ONCE = 4000  # records in a transaction
SIZE = 64


class Crowd(Fairlead):
    subnet = "10.64.0.0/14"
    tables = "[maps]\nremote_endpoints = 131072\n"  # the same however many there are
    lease = 3600  # the second host's daemon ends, and must not be missed

    def __init__(self, logs, number):
        self.number, self.name = number, f"crowd-{number}"
        super().__init__(SUPER, logs)

    def open(self):
        super().open()
        self._fill()

    def prepare(self):
        self.cluster.etcd.stop()
        self.cluster.etcd.start(None, f"--max-txn-ops={2 * AT_ONCE}")

    def _fill(self):
        near, far = self.cluster
        self._meet()
        # It would remove records of containers that it does not have.
        far.daemon.kill()
        keys = self.cluster.etcd.keys("/fairlead/v1/default/networks/")
        root = f"/fairlead/v1/default/eps/{keys[0].rsplit('/', 1)[1]}/{far.node}/"
        for begun in range(0, self.number, AT_ONCE):
            self.cluster.etcd.put_all({root + hashlib.sha256(f"crowd {n}".encode()).hexdigest(): record(FIRST + n)
                                       for n in range(begun, min(begun + AT_ONCE, self.number))})
        wait_until(lambda: self._known() > self.number, f"{near.name} to know {self.number} endpoints", timeout=120,
                   step=0.5)
        # One neighbour for all, as with containers that reach others by their gateway: the kernel holds only some
        # thousand neighbours.
        gateway = next(ipaddress.ip_network(self.subnet).hosts())
        self.path(ACROSS).client.run("ip", "route", "add", MANY, "via", gateway)

    def _meet(self):
        """Packets both ways: both hosts know both containers."""
        path = self.path(ACROSS)
        wait_until(lambda: path.client.run("ping", "-q", "-c1", "-W1", path.address, check=False).code == 0,
                   "the hosts to know each other's containers")

    def _known(self):
        maps = self.cluster[0].daemon.json("status")["maps"]
        return next(each["used"] for each in maps if each["name"] == "fl_forward")


def record(address):
    mac = ":".join(f"{byte:02x}" for byte in (0x02, 0x42, *address.packed))
    return json.dumps({"mac": mac, "name": "", "v4": str(address), "v6": None})


def to_one(world, seconds):
    """Datagrams to a container that takes them."""
    path = world.path(ACROSS)
    traffic.serve(path, "sink")
    answer = traffic.ask(path, "flood", path.address, path.port(SINK_PORT), SIZE, int(seconds * 1000))
    return answer["seconds"] / answer["received"]


def to_each(world, seconds):
    """Datagrams to every endpoint in turn. They cross the wire; the second host drops them, since nobody is there."""
    before = world.cluster[0].forwarded().get("FORWARD_REMOTE", 0)
    answer = traffic.ask(world.path(ACROSS), "spray", FIRST, world.number, SINK_PORT, SIZE,
                         int(seconds * 1000))
    crossed = world.cluster[0].forwarded().get("FORWARD_REMOTE", 0) - before
    if crossed < answer["sent"]:
        raise Failed(f"of {answer['sent']} packets to {world.number} endpoints only {crossed} were sent to their host")
    return answer["seconds"] / answer["sent"]


def endpoints(contender, _seconds):
    worlds = {number: functools.partial(Crowd, contender.logs, number) for number in NUMBERS}
    return flat.compare(worlds, {"one": to_one, "each": to_each})


WHAT = f"cost of a UDP packet with {NUMBERS[-1]} endpoints, in that with {NUMBERS[0]}"
CASES = [
    Shared("flat-endpoints", f"{WHAT}, to one of them", "times", endpoints, "one", flat.ROUNDS),
    Shared("flat-endpoints-each", f"{WHAT}, to each in turn", "times", endpoints, "each", flat.ROUNDS),
]
