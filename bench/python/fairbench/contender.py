"""What is measured: one way of joining containers, on hosts that nobody else uses.

A place is where a program runs: a fairlab Host, a Container of an engine, or anything else that has
`run(*words)` and `start(*words, until=..., log=...)` as those two do.
"""

from dataclasses import dataclass

SUPER = "super"  # wires as veth makes them: super-packets cross
FRAMES = "frames"  # wires without segmentation offload: packets of the MTU cross, receivers merge them (GRO)
CONTROL = "control"  # no traffic: how long things take to be made

ACROSS = "across"  # from a container to one on the other host; of hosts: from host to host
LOCAL = "local"  # between two containers of a host
PUBLISHED = "published"  # from the other host's own namespace to a published port of a container
MASQUERADE = "masquerade"  # from a container to the other host's own namespace

STREAM_PORT = 5201  # TCP: streams, and an echo of bytes
ECHO_PORT = 5202  # TCP, a connection for each byte; UDP
SINK_PORT = 5203  # UDP, and TCP to read its counter
# What a contender with a path PUBLISHED publishes, each under its own number, as words of `docker run`.
PUBLISHED_PORTS = (STREAM_PORT, ECHO_PORT, SINK_PORT)
PUBLISH = [word for port in PUBLISHED_PORTS
           for word in ("-p", f"{port}:{port}/tcp", "-p", f"{port}:{port}/udp")]
OWN_PORTS = 100


class Unavailable(Exception):
    """This machine cannot have the contender; the text says why. The others are measured all the same."""


@dataclass
class Path:
    """`address`: where the client reaches what the server offers, on the ports above plus `shift`. `mtu`: of the
    client's device. A server in a host's own namespace must not want ports that the host publishes: OWN_PORTS."""

    client: object
    server: object
    address: str
    mtu: int
    shift: int = 0

    def port(self, base):
        return base + self.shift


class Contender:
    """Made once for each kind of wire, opened before the first round and closed after the last. While another one
    is measured it must be idle. Cases get an open one; those that need more than paths() call its own methods."""

    name = ""  # in tables and in JSON
    what = ""  # one line: how packets go
    kinds = (SUPER, FRAMES)
    paths = ()  # names of the paths that it offers
    cases = None  # ids of the only ones that it is worth running in, with * and ?; None: all that its paths allow

    def __init__(self, kind, logs):
        """`logs`: a folder that exists, for everything it starts."""
        self.kind, self.logs = kind, logs

    def open(self):
        """Makes hosts and all that stands on them. Raises Unavailable, or process.Failed."""
        raise NotImplementedError

    def path(self, name):
        """The same Path object each time, for each name in `paths`."""
        raise NotImplementedError

    def hosts(self):
        """The two hosts at the ends of the wire, whose device `up0` is checked for packets above the MTU; () if there
        is no wire."""
        return ()

    def close(self):
        """Must work after a failed open() too."""
        raise NotImplementedError

    def __enter__(self):
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error):
        self.close()
