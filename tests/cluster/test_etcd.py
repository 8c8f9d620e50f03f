"""The store goes away, comes back, forgets, and is exchanged; packets never notice."""

import itertools
import json
import os
import time

import pytest

from fairlab import image
from fairlab.cluster import Cluster
from fairlab.process import wait_until
from fairlab.traffic import Beat, Stream, serve

AWAY = float(os.environ.get("FAIRLEAD_ETCD_AWAY", "120"))  # seconds
ROOT = "/fairlead/v1/default/"


@pytest.fixture(scope="module")
def hosts(logs):
    cluster = Cluster(f"{logs}/etcd", 2)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def boxes(hosts):
    """a on h1 and b on h2, which talk all the time that a test takes."""
    hosts[0].shared("--subnet", "10.89.0.0/24", name="net")
    hosts.everywhere("net")
    a, b = (member.up(name, "net") for name, member in zip("ab", hosts))
    for box in (a, b):
        serve(box)
    wait_until(lambda: ping(a, b.address("net")), "b to be known")
    return a, b


@pytest.fixture
def lossless(boxes):
    a, b = boxes
    beats = [Beat(a, b.address("net")), Beat(b, a.address("net"))]
    stream = Stream(a, b.address("net"))
    yield
    counts = [beat.lost() for beat in beats]
    assert [lost for _, lost in counts] == [0, 0] and min(sent for sent, _ in counts) > 100
    assert stream.worst() < 2000


def ping(box, address):
    return box.run("ping", "-q", "-c1", "-W1", address, check=False).code == 0


def addresses_of(hosts):
    """What the engines say: address -> host, of all running containers on `net`."""
    found = {}
    for member in hosts:
        for name in member.docker("ps", "--format", "{{.Names}}").out.split():
            details = member.engine.inspect(name)
            found[details["NetworkSettings"]["Networks"]["net"]["IPAddress"]] = member.name
    return found


def addresses_in_store(hosts):
    return {value["v4"]: key.split("/")[-2] for key, value in hosts.etcd.get(f"{ROOT}eps/").items()}


def converged(hosts):
    for member in hosts:
        wait_until(lambda m=member: m.connected() and not m.status()["pending_writes"], f"{member.name} to catch up",
                   timeout=40)
    wait_until(lambda: addresses_in_store(hosts) == addresses_of(hosts), "the store to say what runs", timeout=20)


def start(member, name):
    return member.docker("run", "-d", "--name", name, "--network", "net", image.NAME, check=False)


@pytest.mark.usefixtures("lossless")
def test_without_the_store_for_minutes_no_packet_is_lost_and_containers_come_and_go(hosts, boxes):
    h1, h2 = hosts
    for member in hosts:
        assert start(member, f"before-{member.name}").code == 0
    hosts.etcd.kill()
    end = time.monotonic() + AWAY

    wait_until(lambda: not any(member.connected() for member in hosts), "the hosts to notice", timeout=30)
    assert all(member.status()["read_only_since"] for member in hosts)
    assert all(member.docker("rm", "-f", f"before-{member.name}", check=False).code == 0 for member in hosts)
    refused = h1.docker("network", "create", "-d", "fairlead", "--ipam-driver", "fairlead", "no", check=False)
    removed = h1.docker("network", "rm", "net", check=False)
    started = []
    for number, member in zip(itertools.count(), itertools.cycle(hosts)):
        if time.monotonic() > end - 10:
            break
        name = f"during-{number}"
        done = start(member, name)
        assert done.code == 0, done
        started.append((member, name))
        local = member.engine.inspect(name)["NetworkSettings"]["Networks"]["net"]["IPAddress"]
        assert ping(boxes[hosts.members.index(member)], local)
        if len(started) > 4:
            old, gone = started.pop(0)
            assert old.docker("rm", "-f", gone, check=False).code == 0
        if number == 3:
            h2.restart_daemon()
        time.sleep(min(3, AWAY / 20))
    assert number >= 6
    time.sleep(max(0, end - time.monotonic()))
    hosts.etcd.start()
    converged(hosts)

    assert refused.code != 0 and "etcd" in refused.err
    assert removed.code != 0
    for member, name in started:
        other = boxes[1 - hosts.members.index(member)]
        address = member.engine.inspect(name)["NetworkSettings"]["Networks"]["net"]["IPAddress"]
        wait_until(lambda o=other, a=address: ping(o, a), f"{name} to be reached from the other host")
        member.docker("rm", "-f", name)
    converged(hosts)


@pytest.mark.usefixtures("lossless")
def test_a_store_that_hangs_is_as_one_that_is_gone(hosts, boxes):
    h1 = hosts[0]
    hosts.etcd.freeze()
    try:
        begun = time.monotonic()
        done = start(h1, "hung")
        took = time.monotonic() - begun
        refused = h1.docker("network", "create", "-d", "fairlead", "--ipam-driver", "fairlead", "no", check=False)
    finally:
        hosts.etcd.thaw()
    converged(hosts)

    assert done.code == 0 and took < 12
    assert refused.code != 0 and "etcd" in refused.err
    wait_until(lambda: ping(boxes[1], h1.engine.inspect("hung")["NetworkSettings"]["Networks"]["net"]["IPAddress"]),
               "the container to be reached")
    h1.docker("rm", "-f", "hung")


@pytest.mark.usefixtures("lossless")
def test_a_store_compacted_during_a_watch_gap_is_listed_again(hosts, boxes):
    h1, h2 = hosts
    assert start(h1, "old").code == 0
    converged(hosts)
    # h2 hears nothing more; its connection ends when the store starts again.
    hosts.etcd.host.run("ip", "route", "add", "blackhole", f"{h2.address}/32")
    hosts.etcd.host.run("ip", "-6", "route", "add", "blackhole", f"{h2.address6}/128")
    try:
        assert start(h1, "new").code == 0
        h1.docker("rm", "-f", "old")
        wait_until(lambda: set(addresses_in_store(hosts)) >= {a for a, h in addresses_of([h1]).items()}, "h1 to write")
        hosts.etcd.kill()
        hosts.etcd.start()
        hosts.etcd.compact()
    finally:
        hosts.etcd.host.run(f"ip route del blackhole {h2.address}/32; ip -6 route del blackhole {h2.address6}/128")
    converged(hosts)

    address = h1.engine.inspect("new")["NetworkSettings"]["Networks"]["net"]["IPAddress"]
    wait_until(lambda: ping(boxes[1], address), "h2 to learn what it missed")
    wait_until(lambda: {row["v4"] for row in remote_endpoints(h2)} == set(addresses_of([h1])),
               "h2 to know exactly the containers of h1")
    h1.docker("rm", "-f", "new")


def remote_endpoints(member):
    """Of other hosts, in the view that the member has of the cluster."""
    entries = json.loads(member.cli("cluster", "export").out)["entries"]
    return [json.loads(value) for key, value in entries.items() if "/eps/" in key and f"/{member.name}/" not in key]


@pytest.mark.usefixtures("lossless")
def test_an_exchanged_store_is_an_alarm_and_removes_nothing(hosts, boxes, tmp_path):
    h1, h2 = hosts
    converged(hosts)
    before = hosts.etcd.get(ROOT)
    saved = h1.cli("cluster", "export").out
    hosts.etcd.kill()
    hosts.etcd.start("second")

    wait_until(lambda: all(member.status()["alarm"] for member in hosts), "an alarm on each host", timeout=40)
    time.sleep(3)
    assert hosts.etcd.get(f"{ROOT}networks/") == {}
    assert all(member.network_names() == ["net"] for member in hosts)
    assert ping(boxes[0], boxes[1].address("net")) and ping(boxes[1], boxes[0].address("net"))
    assert start(h2, "meanwhile").code == 0
    assert h1.cli("status", check=False).code == 1  # not well, and says so

    with open(h1.host.path("/run/host/saved"), "w", encoding="utf-8") as file:
        file.write(saved)
    h1.cli("cluster", "import", "/run/host/saved")
    for member in hosts:
        member.cli("cluster", "accept")
    converged(hosts)

    after = hosts.etcd.get(ROOT)
    durable = ("meta", "networks/", "members/", "pools/", "blocks/", "vni/", "names/", "nodes/")

    def lasting(entries):
        return {key: value for key, value in entries.items() if key.removeprefix(ROOT).startswith(durable)}

    assert lasting(after) == lasting(before)
    assert all(not member.status()["alarm"] for member in hosts)
    address = h2.engine.inspect("meanwhile")["NetworkSettings"]["Networks"]["net"]["IPAddress"]
    wait_until(lambda: ping(boxes[0], address), "what started meanwhile to be reached")
    h2.docker("rm", "-f", "meanwhile")


@pytest.mark.usefixtures("lossless")
def test_a_store_that_comes_back_with_its_old_data_needs_nobody(hosts, boxes):
    hosts.etcd.stop()
    hosts.etcd.start()
    converged(hosts)

    assert start(hosts[0], "last").code == 0
    address = hosts[0].engine.inspect("last")["NetworkSettings"]["Networks"]["net"]["IPAddress"]
    wait_until(lambda: ping(boxes[1], address), "a new container to be reached")
    hosts[0].docker("rm", "-f", "last")
