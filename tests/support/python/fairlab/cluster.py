"""Several hosts that share networks: an engine and a daemon each, and a store for all of them."""

import json
import os
import time

from . import etcd
from .daemon import Daemon
from .engine import Engine
from .host import Wire
from .process import Failed, wait_until
from .site import Site

FIRST_NUMBER = 11  # h1 has 198.18.0.11 and 2001:db8:0:1::b
PORT = 4795
LEASE = 5  # seconds


def settings(urls, node, *, lease=LEASE, top="", tables="", **more):
    """The text of fairlead.toml; `top`, `tables`: what stands before and after the table [cluster]."""
    values = {"name": "default", "node": node, "etcd": urls, "lease": lease, **more}
    rows = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([top, "[cluster]", *rows, tables])


class Member(Site):
    """A host of the cluster as its user sees it."""

    def __init__(self, host, wire, logs, urls, *, engine=True, family=4, **options):
        """`family`: of the tunnels. Further options are those of settings()."""
        self.urls = urls
        self.node = options.pop("node", host.name)
        self.tunnel = host.addresses[family == 6]
        if family == 6:
            options = {"underlay": [self.tunnel], **options}
        daemon = Daemon(host, log=f"{logs}/{host.name}-fairleadd.log", settings=settings(urls, self.node, **options),
                        docker=Daemon.DOCKER if engine else "")
        super().__init__("fairlead", wire, host, Engine(host, log=f"{logs}/{host.name}-dockerd.log"), daemon)
        self.has_engine = engine

    @property
    def name(self):
        return self.host.name

    def join(self, verb="join", **options):
        return self.cli("cluster", verb, f"--etcd={','.join(self.urls)}", f"--node={self.node}", **options)

    def cli(self, *words, **options):
        return self.daemon.cli(*words, **options)

    def status(self):
        outcome = self.cli("cluster", "status", "-o", "json", check=False)
        try:
            return json.loads(outcome.out)
        except ValueError:
            raise Failed(f"no status: {outcome}") from None

    def peers(self):
        """By name."""
        return {row["name"]: row for row in self.daemon.json("peers")}

    def drops(self):
        """Packets by reason, with the names of bpf/shared/reason.h."""
        found = {}
        for row in self.daemon.json("drops"):
            found[row["name"]] = found.get(row["name"], 0) + row["packets"]
        return found

    def forwarded(self):
        """Packets by what was done with them."""
        return {row["name"]: row["packets"] for row in self.daemon.json("status")["forwarded"]}

    def shared(self, *options, name="net", **more):
        """A network of the cluster, made here."""
        return self.network("--ipam-driver", "fairlead", *options, name=name, **more)

    def remove_network(self, name, **options):
        return self.docker("network", "rm", name, **options)

    def connected(self):
        return self.status().get("connected")

    def restart_daemon(self):
        self.daemon.stop()
        self.daemon.start()


class Cluster:
    """Hosts h1 .. hN on one wire, and the host `etcd`. Not `start`: nothing runs on them yet, and hosts can be
    added. Further options are those of Member."""

    def __init__(self, logs, number=3, *, wire=None, engines=True, start=True, authority=None, **options):
        os.makedirs(logs, exist_ok=True)
        self.logs, self.engines, self.options = logs, engines, options
        self.wire = wire or Wire()
        self.members = []
        try:
            self.etcd = etcd.add(self.wire, log=f"{logs}/etcd.log", authority=authority)
            for n in range(1, number + 1):
                self.add(self.wire.host(f"h{n}", FIRST_NUMBER + n - 1))
            if start:
                self.start()
        except BaseException:
            if wire is None:
                self.close()
            raise

    def __getitem__(self, number):
        return self.members[number]

    def __iter__(self):
        return iter(self.members)

    def add(self, host, **options):
        """A host that is to be a member; nothing runs on it yet."""
        given = {"urls": [self.etcd.url()], **self.options, **options}
        member = Member(host, self.wire, self.logs, given.pop("urls"), engine=self.engines, **given)
        self.members.append(member)
        return member

    def start(self, members=None):
        """Daemons and engines. The first host makes the cluster; the others join it by themselves, because
        their settings say so."""
        members = members or self.members
        for member in members:
            member.daemon.start()
            if member is self.members[0]:
                member.join("init")
        if self.engines:
            for member in members:
                member.engine.launch()
        if self.engines:
            for member in members:
                member.engine.wait().import_image()
        for member in members:
            member.links = member.links_now()
        self.settle()

    def settle(self, timeout=20):
        """All follow the store, and each knows a way to each other one."""
        names = {member.node for member in self.members}

        def settled():
            return all(member.connected() for member in self.members) and all(
                {name for name, row in member.peers().items() if row["state"] == "alive"} >= names - {member.node}
                for member in self.members)

        wait_until(settled, "the hosts to see each other", timeout=timeout, step=0.1)

    def everywhere(self, name, *, there=True, members=None, timeout=10):
        """Waits until each engine has the network, or none has; returns how many seconds that took."""
        start = time.monotonic()
        wait_until(lambda: all((name in member.network_names()) == there for member in members or self.members),
                   f"network {name} to be {'on every' if there else 'on no'} host", timeout=timeout, step=0.05)
        return time.monotonic() - start

    def clean(self):
        """Removes what a test made on all hosts; returns what stayed although it should not."""
        for member in self.members:
            member.stop_containers()
        for member in self.members:
            member.remove_networks()
        left = []
        for member in self.members:
            try:
                wait_until(lambda m=member: not m.left(), "nothing to be left", timeout=8, step=0.1)
            except Failed:
                left += [f"{member.name}: {thing}" for thing in member.left()]
        return left

    def close(self):
        self.wire.close()

