"""Addresses are handed out by several hosts at once, and each is given to one container only."""

import collections
import ipaddress
import random
import threading

import pytest

from fairlab.cluster import Cluster
from fairlab.cnm import Client, Refused, key
from fairlab.process import wait_until

OPERATIONS = 5000
WORKERS = 4  # a host
KEPT = 20  # addresses that a worker holds at the most
POOL = "10.90.0.0/23"
ROOT = "/fairlead/v1/default/"


@pytest.fixture(scope="module")
def hosts(logs):
    """Three hosts without engines: the tests speak Docker's protocol themselves."""
    cluster = Cluster(f"{logs}/addresses", 3, engines=False, tables="[ipam]\ncooldown = 0")
    yield cluster
    cluster.close()


class Held:
    """Who holds what, as the hosts have told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.holders = {}  # address -> (host, endpoint)
        self.twice = []
        self.count = collections.Counter()
        self.texts = collections.Counter()

    def take(self, address, holder):
        with self.lock:
            if address in self.holders:
                self.twice.append(f"{address}: {self.holders[address]} and {holder}")
            self.holders[address] = holder

    def give(self, address):
        with self.lock:
            self.holders.pop(address)

    def note(self, what, text=""):
        with self.lock:
            self.count[what] += 1
            if text:
                self.texts[text[:160]] += 1


class Door:
    """One network of one host, as dockerd on it asks."""

    def __init__(self, member, network):
        self.member, self.network = member, network
        self.client = Client(member.host)
        space = self.client.call("IpamDriver.GetDefaultAddressSpaces")["LocalDefaultAddressSpace"]
        self.pool = self.client.call("IpamDriver.RequestPool", AddressSpace=space, Pool=POOL, SubPool="", Options={},
                                     V6=False)["PoolID"]
        gateway = self.client.call("IpamDriver.RequestAddress", PoolID=self.pool, Address="",
                                   Options={"RequestAddressType": "com.docker.network.gateway"})["Address"]
        self.client.call("NetworkDriver.CreateNetwork", NetworkID=network, Options={}, IPv6Data=[], IPv4Data=[
            {"AddressSpace": space, "Pool": POOL, "Gateway": gateway, "AuxAddresses": {}}])

    def worker(self, number, share, held):
        return Worker(self, number, share, held)

    def close(self):
        self.client.call("NetworkDriver.DeleteNetwork", NetworkID=self.network)
        self.client.call("IpamDriver.ReleasePool", PoolID=self.pool)
        self.client.close()


class Worker(threading.Thread):
    def __init__(self, door, number, share, held):
        super().__init__()
        self.door, self.share, self.held = door, share, held
        self.client = Client(door.member.host)
        self.random = random.Random(f"{door.member.name} {number}")
        self.label = f"{door.member.name} {number}"
        self.mine = []
        self.broken = None

    def run(self):
        try:
            for turn in range(self.share):
                dice = self.random.random()
                if self.mine and (dice < 0.42 or len(self.mine) >= KEPT):
                    self.drop(self.mine.pop(self.random.randrange(len(self.mine))))
                else:
                    self.make(turn, wanted=dice > 0.85)
        except Exception as error:  # noqa: BLE001 - told by the test
            self.broken = f"{self.label}: {error!r}"

    def make(self, turn, wanted):
        want = str(ipaddress.ip_network(POOL)[self.random.randrange(2, 510)]) if wanted else ""
        try:
            address = self.client.call("IpamDriver.RequestAddress", PoolID=self.door.pool, Address=want,
                                       Options={})["Address"]
        except Refused as refusal:
            self.held.note("refused, wanted" if want else "refused, any", str(refusal))
            return
        assert not want or address.split("/")[0] == want, f"{want} was wanted, {address} was given"
        endpoint = key(f"{self.label} {turn}")
        self.held.take(address.split("/")[0], (self.door.member.name, endpoint))
        self.client.call("NetworkDriver.CreateEndpoint", NetworkID=self.door.network, EndpointID=endpoint, Options={},
                         Interface={"Address": address, "AddressIPv6": "", "MacAddress": ""})
        self.mine.append((endpoint, address.split("/")[0]))
        self.held.note("wanted" if want else "any")

    def drop(self, entry):
        endpoint, address = entry
        self.client.call("NetworkDriver.DeleteEndpoint", NetworkID=self.door.network, EndpointID=endpoint)
        self.held.give(address)
        self.client.call("IpamDriver.ReleaseAddress", PoolID=self.door.pool, Address=address)
        self.held.note("removed")

    def drop_all(self):
        while self.mine:
            self.drop(self.mine.pop())
        self.client.close()


def in_store(cluster):
    """address -> (host, endpoint), of every endpoint that the store has."""
    found = {}
    for name, value in cluster.etcd.get(f"{ROOT}eps/").items():
        _, node, endpoint = name.rsplit("/", 2)
        found[value["v4"]] = (node, endpoint)
    return found


@pytest.fixture
def doors(hosts):
    doors = []
    for member in hosts:
        doors.append(Door(member, key(f"network on {member.name}")))
    return doors


def test_parallel_randomised_operations_give_no_address_twice_and_leak_none(hosts, doors):
    held = Held()
    workers = [door.worker(number, OPERATIONS // (WORKERS * len(doors)) + 1, held)
               for door in doors for number in range(WORKERS)]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.broken for worker in workers if worker.broken] == []
    assert held.twice == []
    done = sum(held.count.values())
    assert done >= OPERATIONS
    assert held.count["refused, any"] == 0, held.texts  # there is always room somewhere
    assert held.count["wanted"] > 100
    wait_until(lambda: in_store(hosts) == held.holders, "the store to say what the hosts hold", timeout=20, step=0.2)

    for worker in workers:
        worker.drop_all()
    wait_until(lambda: in_store(hosts) == {}, "the endpoints to be gone from the store", timeout=20, step=0.2)
    for door in doors:
        door.close()
    left = ("networks/", "names/", "vni/", "members/", "pools/", "users/", "blocks/", "static/", "asks/", "eps/")
    wait_until(lambda: [key for part in left for key in hosts.etcd.keys(ROOT + part)] == [],
               "nothing to be left in the store", timeout=20, step=0.2)
    for member in hosts:
        assert member.daemon.json("ipam") == [] and member.daemon.json("endpoints") == []
