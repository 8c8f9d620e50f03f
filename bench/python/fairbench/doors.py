"""Worlds with one container that publishes ports, on a host without a cluster, and a client on the other end of the
wire."""

import json
import os

from fairlab.cnm import Runtime, binding
from fairlab.daemon import PINS, Daemon

from . import tcp, traffic
from .contender import ECHO_PORT, PUBLISHED, SINK_PORT, SUPER, Path
from .on_pair import OnPair
from .wire import DEVICE, MTU

FIRST_PORT = 10_000
TCP, UDP = 6, 17
PORT_IN_KEY = slice(16, 18)  # of struct fl_port_key
FIRST_IN_BITS = slice(4, 6)  # of struct fl_port_bits: the first port of a TCP range


class Doors(OnPair):
    """Ports from FIRST_PORT on all lead to the container's ECHO_PORT, so that each is a range of its own."""

    kinds = (SUPER,)
    paths = (PUBLISHED,)

    def __init__(self, logs, kind_of_world, *, ports=1, settings=""):
        super().__init__(SUPER, logs)
        self.name, self.ports, self.settings = kind_of_world, ports, settings

    def open(self):
        self.client, self.host = self.join()
        self.daemon = Daemon(self.host, log=f"{self.logs}/fairleadd-{self.name}.log", docker="",
                             settings=f'uplinks = ["{DEVICE}"]\n{self.settings}').start()
        network = Runtime(self.host).network("10.81.0.0/24")
        self.server = network.container("server", binding(SINK_PORT, SINK_PORT, UDP),
                                        binding(SINK_PORT, SINK_PORT, TCP), binding(FIRST_PORT, ECHO_PORT, TCP),
                                        *self.more())
        self.only = Path(self.client, self.server, self.host.addresses[0], MTU)
        self.known = {PUBLISHED: self.only}
        tcp.same_everywhere(self)
        if self.ports > 1:
            self._copy_ports()

    def more(self):
        """Bindings."""
        return ()

    def _copy_ports(self):
        """All but the first are copied in the maps, as the daemon writes them: it would hold a socket for each, which
        is more files than some machines let a process have."""
        one = FIRST_PORT.to_bytes(2, "big")
        entries = [each for each in self._dump("fl_ports") if octets(each["key"])[PORT_IN_KEY] == one]
        bits = next(value for value in (octets(each["value"]) for each in self._dump("fl_port_bits"))
                    if value[FIRST_IN_BITS] == one)
        path = f"/run/host/{self.name}-maps"
        with open(self.host.path(path), "w", encoding="ascii") as file:
            for port in range(FIRST_PORT + 1, FIRST_PORT + self.ports):
                number = port.to_bytes(2, "big")
                for entry in entries:
                    key = put(octets(entry["key"]), PORT_IN_KEY, number)
                    file.write(update("fl_ports", key, octets(entry["value"])))
                file.write(update("fl_port_bits", port.to_bytes(4, "little"), put(bits, FIRST_IN_BITS, number)))
        self.host.run("bpftool", "batch", "file", path, timeout=120)

    def _dump(self, name):
        return json.loads(self.host.run("bpftool", "-j", "map", "dump", "pinned", os.path.join(PINS, "maps", name)).out)

    # --- what is measured: the cost of one, in seconds -------------------------------------

    def flood(self, seconds):
        """Datagrams to one port."""
        traffic.serve(self.only, "sink")
        answer = traffic.ask(self.only, "flood", self.only.address, SINK_PORT, 64, int(seconds * 1000))
        return answer["seconds"] / answer["received"]

    def connect(self, seconds):
        """Connections to each port in turn."""
        traffic.serve(self.only, "once")
        answer = traffic.ask(self.only, "crr-ports", self.only.address, FIRST_PORT, self.ports, int(seconds * 1000))
        return answer["seconds"] / answer["transactions"]


def octets(words):
    return bytes(int(word, 16) for word in words)


def put(where, part, what):
    return where[:part.start] + what + where[part.stop:]


def update(name, key, value):
    return f"map update pinned {PINS}/maps/{name} key hex {key.hex(' ')} value hex {value.hex(' ')}\n"
