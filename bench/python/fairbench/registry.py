"""All contenders and all cases, in the order of the tables."""

from . import (datagrams, docker, fairlead, floor, floor_nat, hosts, kernel, lone, making, making_cni, packets,
               restarts, scale_endpoints, scale_flows, scale_ports, streams, swarm, transactions)

CONTENDERS = [*hosts.CONTENDERS, *floor.CONTENDERS, *floor_nat.CONTENDERS, *kernel.CONTENDERS,
              *docker.CONTENDERS, *swarm.CONTENDERS, *fairlead.CONTENDERS, *lone.CONTENDERS]
CASES = [*streams.CASES, *transactions.CASES, *datagrams.CASES, *making.CASES, *making_cni.CASES, *restarts.CASES,
         *packets.CASES, *scale_endpoints.CASES, *scale_ports.CASES, *scale_flows.CASES]
