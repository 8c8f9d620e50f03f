"""All contenders and all cases, in the order of the tables."""

from . import datagrams, docker, fairlead, hosts, kernel, streams, swarm, transactions

CONTENDERS = [*hosts.CONTENDERS, *kernel.CONTENDERS, *docker.CONTENDERS, *swarm.CONTENDERS, *fairlead.CONTENDERS]
CASES = [*streams.CASES, *transactions.CASES, *datagrams.CASES]
