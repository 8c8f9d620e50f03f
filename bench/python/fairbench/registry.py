"""All contenders and all cases, in the order of the tables."""

from . import datagrams, fairlead, hosts, kernel, streams, transactions

CONTENDERS = [*hosts.CONTENDERS, *kernel.CONTENDERS, *fairlead.CONTENDERS]
CASES = [*streams.CASES, *transactions.CASES, *datagrams.CASES]
