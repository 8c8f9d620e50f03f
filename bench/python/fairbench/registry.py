"""All contenders and all cases, in the order of the tables."""

from . import fairlead, hosts, streams

CONTENDERS = [*hosts.CONTENDERS, *fairlead.CONTENDERS]
CASES = [*streams.CASES]
