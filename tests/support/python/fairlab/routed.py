"""Two hosts with routers between them: each has a tunnel address that two routers lead to.

    h1 u1 -- r1 -- u1 h2      198.18.1x.0/24 to r1, 198.18.2x.0/24 to r2; x: number of the host
    h1 u2 -- r2 -- u2 h2      tunnel addresses 198.19.0.11 and .12, on lo
"""

import json

from .cluster import Cluster

MTU = 1500


class Routed:
    def __init__(self, logs, **options):
        self.cluster = Cluster(logs, 2, start=False, **options)
        wire = self.cluster.wire
        self.routers = [wire.place("r1"), wire.place("r2")]
        for router in self.routers:
            router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        for x, member in enumerate(self.cluster, 1):
            member.host.run(f"ip addr add {self.tunnel(x)}/32 dev lo")
            for number in (1, 2):
                self._connect(x, member.host, number)
            member.daemon.settings += f'\nunderlay = ["{self.tunnel(x)}"]\n'
        for x in (1, 2):
            self.route(x, 1)

    def _connect(self, x, host, number):
        router, near, far = self.routers[number - 1], f"u{number}", f"h{x}"
        net = f"198.18.{number}{x}"
        host.run(f"ip link add {near} mtu {MTU} type veth peer name {far} mtu {MTU}"
                 f" && ip addr add {net}.2/24 dev {near} && ip link set {near} up")
        host.give(far, router)
        router.run(f"ip addr add {net}.1/24 dev {far} && ip link set {far} up"
                   f" && ip route add {self.tunnel(x)}/32 via {net}.2")

    @staticmethod
    def tunnel(x):
        return f"198.19.0.1{x}"

    @staticmethod
    def router_address(number, x):
        return f"198.18.{number}{x}.1"

    def route(self, x, *numbers):
        """From host x to the other one by these routers."""
        hops = " ".join(f"nexthop via {self.router_address(number, x)}" for number in numbers)
        self.cluster[x - 1].host.run(f"ip route replace {self.tunnel(3 - x)}/32 src {self.tunnel(x)} {hops}")

    def forwarded(self, number, x):
        """Bytes that the router has sent to host x."""
        link = json.loads(self.routers[number - 1].run("ip", "-s", "-j", "link", "show", f"h{x}").out)[0]
        return link["stats64"]["tx"]["bytes"]

    def start(self):
        self.cluster.start()
        return self

    def close(self):
        self.cluster.close()
