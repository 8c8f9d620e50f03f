"""A network made on one host is there on all, and goes from all; never from under a container."""

import threading

import pytest

from fairlab.cluster import FIRST_NUMBER, Cluster
from fairlab.daemon import Daemon
from fairlab.engine import Engine
from fairlab.process import wait_until
from fairlab.site import Site
from fairlab.traffic import Beat, serve

SOON = 1.0  # seconds in which a network is everywhere
ROOT = "/fairlead/v1/default/"
OF_NETWORKS = ("networks", "names", "vni", "members", "pools", "users", "blocks", "static", "asks", "eps")


@pytest.fixture(scope="module")
def hosts(logs):
    """h1 and h2 mirror; h3 does not, and `alone` is in no cluster."""
    cluster = Cluster(f"{logs}/networks", 2, start=False)
    cluster.add(cluster.wire.host("h3", FIRST_NUMBER + 2), mirror=False)
    cluster.start()
    host = cluster.wire.host("alone", FIRST_NUMBER + 3)
    daemon = Daemon(host, log=f"{logs}/networks/alone-fairleadd.log").start()
    engine = Engine(host, log=f"{logs}/networks/alone-dockerd.log").start()
    engine.import_image()
    cluster.alone = Site("fairlead", cluster.wire, host, engine, daemon)
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(hosts):
    yield hosts
    left = hosts.clean() + [f"alone: {thing}" for thing in hosts.alone.clean()]
    assert not left, f"left behind: {left}"
    wait_until(lambda: not [key for key in hosts.etcd.keys(ROOT) if key.split("/")[4] in OF_NETWORKS],
               "the store to forget the networks")


def ping(box, address):
    return box.run("ping", "-q", "-c1", "-W1", address, check=False).code == 0


def row_of(member, name):
    """What the member's daemon says of a network."""
    key = member.engine.inspect(name)["Id"]
    return next(row for row in member.daemon.json("networks") if row["id"] == key)


def facts(member, name):
    """What a user sees of a network, apart from ids and times. Gateways as the daemon says them: Docker shows one only
    where it was asked for, or no subnet was."""
    details, row = member.engine.inspect(name), row_of(member, name)
    return {"subnets": [{k: v for k, v in each.items() if k in ("Subnet", "IPRange")}
                        for each in details["IPAM"]["Config"]],
            "gateways": [row[family] and row[family]["gateway"] for family in ("ipv4", "ipv6")],
            "options": {k: v for k, v in (details["Options"] or {}).items() if not k.startswith("fairlead.network")},
            "internal": details["Internal"], "ipv6": details["EnableIPv6"], "driver": details["Driver"]}


def vni(member, name):
    return row_of(member, name)["vni"]


def test_a_network_is_on_every_host_within_a_second_with_the_same_facts(cluster):
    h1, h2, _ = cluster
    options = ("--ipv6", "--subnet", "10.91.0.0/24", "--gateway", "10.91.0.9", "--subnet", "2001:db8:91::/64",
               "--internal", "-o", "com.docker.network.driver.mtu=1400")

    h1.shared(*options, name="web")
    took = cluster.everywhere("web", members=[h2])

    assert took < SOON
    assert facts(h1, "web") == facts(h2, "web")
    assert facts(h1, "web")["subnets"][0] == {"Subnet": "10.91.0.0/24"}
    assert facts(h1, "web")["gateways"] == ["10.91.0.9", "2001:db8:91::1"]
    assert vni(h1, "web") == vni(h2, "web")


def test_without_a_subnet_all_hosts_agree_on_one(cluster):
    h1, h2, _ = cluster
    h2.shared(name="auto")
    cluster.everywhere("auto", members=[h1])

    assert facts(h1, "auto") == facts(h2, "auto")
    a, b = h1.up("a", "auto"), h2.up("b", "auto")
    wait_until(lambda: ping(a, b.address("auto")), "the two to meet")
    assert a.address("auto") != b.address("auto")


def test_removed_on_one_host_it_goes_from_all(cluster):
    h1, h2, _ = cluster
    h1.shared(name="short")
    cluster.everywhere("short", members=[h2])

    h2.remove_network("short")

    assert cluster.everywhere("short", there=False, members=[h1]) < SOON + 1
    h1.shared(name="short")  # the name is free at once
    cluster.everywhere("short", members=[h2])


def test_removing_never_cuts_a_container_that_runs(cluster):
    h1, h2, _ = cluster
    h1.shared("--subnet", "10.92.0.0/24", name="used")
    cluster.everywhere("used", members=[h2])
    a, other = h1.up("a", "used"), h1.up("other", "used")
    serve(other)
    beat = Beat(a, other.address("used"))

    h2.remove_network("used")
    cluster.everywhere("used", there=False, members=[h2])
    wait_until(lambda: any(value.get("removing") for value in cluster.etcd.get(f"{ROOT}networks/").values()),
               "the network to be on its way out")
    alive = ping(a, other.address("used")) and "used" in h1.network_names()
    sent, lost = beat.lost()
    h1.remove(a, other)

    assert alive and lost == 0 and sent > 0
    cluster.everywhere("used", there=False, members=[h1], timeout=20)


def test_a_network_of_the_hosts_scope_stays_on_the_host(cluster):
    h1, h2, _ = cluster
    h1.network("--ipam-driver", "fairlead", "-o", "fairlead.scope=host", name="mine")
    h1.shared(name="ours")
    cluster.everywhere("ours", members=[h2])

    assert "mine" not in h2.network_names()
    assert not [v for v in cluster.etcd.get(f"{ROOT}networks/").values() if v["name"] == "mine"]
    a, b = h1.up("a", "mine"), h1.up("b", "mine")
    assert ping(a, b.address("mine"))


def test_without_mirroring_a_host_joins_by_name(cluster):
    h1, h2, h3 = cluster
    h1.shared("--subnet", "10.93.0.0/24", name="byhand")
    cluster.everywhere("byhand", members=[h2])

    assert "byhand" not in h3.network_names()
    h3.network("--ipam-driver", "fairlead", "--ipam-opt", "fairlead.network=byhand", "-o", "fairlead.network=byhand",
               name="local-name")

    assert facts(h3, "local-name")["subnets"] == facts(h1, "byhand")["subnets"]
    assert vni(h3, "local-name") == vni(h1, "byhand")
    a, c = h1.up("a", "byhand"), h3.up("c", "local-name")
    wait_until(lambda: ping(a, c.address("local-name")), "the two to meet")
    assert ping(c, a.address("byhand"))


def test_without_mirroring_a_host_joins_by_subnet(cluster):
    h1, h2, h3 = cluster
    h1.shared("--subnet", "10.94.0.0/24", name="subnet")
    cluster.everywhere("subnet", members=[h2])

    h3.shared("--subnet", "10.94.0.0/24", name="subnet")

    assert vni(h3, "subnet") == vni(h1, "subnet")
    a, c = h1.up("a", "subnet"), h3.up("c", "subnet")
    wait_until(lambda: ping(a, c.address("subnet")), "the two to meet")


@pytest.mark.parametrize("turn", range(3))
def test_the_same_name_made_on_two_hosts_at_once_becomes_one_network(cluster, turn):
    h1, h2, _ = cluster
    name = f"race{turn}"
    done = {}

    def make(member):
        done[member.name] = member.docker("network", "create", "-d", "fairlead", "--ipam-driver", "fairlead", name,
                                          check=False)

    both = [threading.Thread(target=make, args=(member,)) for member in (h1, h2)]
    for member in (h1, h2):
        member.networks.append(name)
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert 0 in {outcome.code for outcome in done.values()}, done

    def settled():
        return all(member.network_names().count(name) == 1 for member in (h1, h2)) and \
            facts(h1, name) == facts(h2, name) and vni(h1, name) == vni(h2, name)

    wait_until(settled, f"one network {name} on both", step=0.2)
    a, b = h1.up("a", name), h2.up("b", name)
    wait_until(lambda: ping(a, b.address(name)), "the two to meet")


def test_a_vni_can_be_chosen(cluster):
    h1, h2, _ = cluster

    h1.shared("-o", "fairlead.vni=4242", name="numbered")

    cluster.everywhere("numbered", members=[h2])
    assert vni(h1, "numbered") == vni(h2, "numbered") == 4242


def test_the_daemons_restart_keeps_everything(cluster):
    h1, h2, _ = cluster
    h1.shared("--subnet", "10.95.0.0/24", name="kept")
    cluster.everywhere("kept", members=[h2])
    a, b = h1.up("a", "kept"), h2.up("b", "kept")
    serve(b)
    wait_until(lambda: ping(a, b.address("kept")), "the two to meet")
    before = (vni(h2, "kept"), facts(h2, "kept"))
    beat = Beat(a, b.address("kept"))

    h2.daemon.stop()
    h1.shared(name="missed")
    late = h1.up("late", "kept")
    h2.daemon.start()
    wait_until(h2.connected, "h2 to follow the store")
    h1.daemon.kill()
    h1.daemon.start()
    wait_until(h1.connected, "h1 to follow the store")

    assert (vni(h2, "kept"), facts(h2, "kept")) == before
    cluster.everywhere("missed", members=[h2])
    wait_until(lambda: ping(b, late.address("kept")), "what started meanwhile to be reached")
    sent, lost = beat.lost()
    assert lost == 0 and sent > 100


def test_an_engine_that_was_away_gets_the_networks_when_it_is_back(cluster):
    h1, h2, _ = cluster
    h2.engine.stop()
    h1.shared("--subnet", "10.96.0.0/24", name="while-away")

    h2.engine.start()

    cluster.everywhere("while-away", members=[h2], timeout=20)
    assert facts(h1, "while-away") == facts(h2, "while-away")


def test_a_host_in_no_cluster_sees_nothing_and_is_not_seen(cluster):
    h1, h2, _ = cluster
    alone = cluster.alone
    before = (alone.links_now(), alone.network_names())
    alone.network("--ipam-driver", "fairlead", name="private")
    h1.shared(name="shared")
    cluster.everywhere("shared", members=[h2])

    assert alone.network_names() == [*before[1], "private"]
    assert "private" not in h1.network_names()
    assert "vxlan" not in " ".join(alone.links_now())
    a, b = alone.up("a", "private"), alone.up("b", "private")
    assert ping(a, b.address("private"))
    assert alone.host.run("ss -Huln sport = :4795").out == ""
