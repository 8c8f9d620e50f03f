"""Hosts that come, go, and are cut off."""

import json
import time

import pytest

from fairlab.cluster import FIRST_NUMBER, LEASE, Cluster
from fairlab.process import wait_until
from fairlab.traffic import Beat, serve

ROOT = "/fairlead/v1/default/"


@pytest.fixture(scope="module")
def four(logs):
    cluster = Cluster(f"{logs}/hosts", 3)
    yield cluster
    cluster.close()


def keys_of(cluster, node):
    """Keys that name the host, or whose value does."""
    return [key for key, value in cluster.etcd.get(ROOT).items()
            if node in key.split("/") or (isinstance(value, dict) and
                                          (value.get("owner") == node or node in value.get("lent", {}).values()))]


def test_a_host_without_power_is_called_silent_and_forgotten_on_request(four):
    h1, h2, h3 = four
    h1.shared("--subnet", "10.86.0.0/24", name="net")
    four.everywhere("net")
    a, b, c = (member.up(name, "net") for name, member in zip("abc", four))
    serve(b)
    address = c.address("net")
    wait_until(lambda: a.run("ping", "-q", "-c1", "-W1", address, check=False).code == 0, "c to be known")
    beat = Beat(a, b.address("net"))
    assert keys_of(four, "h3")

    started = time.monotonic()
    h3.host.close()
    wait_until(lambda: all(member.peers()["h3"]["state"] == "silent" for member in (h1, h2)),
               "h3 to be called silent", timeout=LEASE * 3, step=0.1)
    took = time.monotonic() - started
    refused = h2.cli("cluster", "forget", "h1", check=False)
    before = keys_of(four, "h3")
    h1.cli("cluster", "forget", "h3")

    assert took <= LEASE + 3
    assert before and not [key for key in before if "/alive/" in key]
    assert keys_of(four, "h3") == []
    assert refused.code != 0 and "alive" in refused.err
    wait_until(lambda: "h3" not in h1.peers() and "h3" not in h2.peers(), "h3 to be no peer any more")
    # Its address is free again.
    wait_until(lambda: h2.docker("run", "--rm", "--network", "net", "--ip", address, "fairlead-test", "true",
                                 check=False).code == 0, "the address to be free", step=0.5)
    assert beat.lost()[1] == 0


def test_a_host_that_joins_later_gets_every_network(four):
    h1 = four[0]
    h1.shared("--subnet", "10.87.0.0/24", "-o", "com.docker.network.driver.mtu=1400", name="older")
    four.members = [member for member in four.members if member.name != "h3"]
    late = four.add(four.wire.host("h4", FIRST_NUMBER + 3))
    late.daemon.settings = ""  # by the command line alone
    late.daemon.start()
    late.engine.start().import_image()

    late.join()
    four.settle()

    four.everywhere("older")
    a, d = h1.up("old", "older"), late.up("new", "older")
    wait_until(lambda: d.run("ping", "-q", "-c1", "-W1", a.address("older"), check=False).code == 0, "the way to open")
    assert late.name in h1.peers()


def test_a_host_that_leaves_takes_everything_along(four):
    h1, late = four[0], four[-1]
    refused = late.cli("cluster", "leave", check=False)
    assert refused.code != 0 and "older" in refused.err  # it still has a container there
    late.stop_containers()

    late.cli("cluster", "leave")

    wait_until(lambda: keys_of(four, late.name) == [], "its keys to be gone")
    wait_until(lambda: late.name not in h1.peers(), "it to be no peer any more")
    assert json.loads(late.cli("cluster", "status", "-o", "json", check=False).out or "{}").get("connected") is not True


def test_a_second_host_of_the_same_name_is_turned_away(four):
    other = four.add(four.wire.host("other", FIRST_NUMBER + 8), node="h1")
    four.members.remove(other)
    other.daemon.settings = ""
    other.daemon.start()

    answer = other.join(check=False)

    assert answer.code != 0 and "h1" in answer.err
    assert four[0].connected() and four[0].peers()["h2"]["state"] == "alive"
