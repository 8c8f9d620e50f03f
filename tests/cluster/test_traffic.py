"""Containers on different hosts, all kinds of traffic, both directions, over each kind of underlay."""

import itertools
import time

import pytest

from fairlab.cluster import Cluster
from fairlab.engine import host_tool
from fairlab.traffic import Stream, serve

SUBNETS = ("--ipv6", "--subnet", "10.81.0.0/24", "--subnet", "2001:db8:81::/64")
WAYS = [("a", "b"), ("b", "a")]


class Boxes:
    """a on h1, b on h2, and c on h3 where there is a third host, all of network `traffic`."""

    def __init__(self, cluster, underlay):
        self.cluster, self.underlay = cluster, underlay
        cluster[0].shared(*SUBNETS, name="traffic")
        cluster.everywhere("traffic")
        self.boxes = {}
        for name, member in zip("abc", cluster):
            publish = ("-p", "8080:80", "-p", "8080:80/udp") if name == "b" else ()
            self.boxes[name] = member.up(name, "traffic", *publish)
            serve(self.boxes[name])

    def __getitem__(self, name):
        return self.boxes[name]

    def addresses(self, name):
        box = self.boxes[name]
        return {4: box.address("traffic"), 6: box.address("traffic", "GlobalIPv6Address")}

    def all_ways(self):
        """(name of the sender, family, address of the receiver), each pair in both directions."""
        return [(a, family, self.addresses(b)[family])
                for a, b in itertools.permutations(self.boxes, 2) for family in (4, 6)]


@pytest.fixture(scope="module", params=["IPv4 underlay", "IPv6 underlay", "native XDP"])
def boxes(request, logs):
    if request.param == "IPv4 underlay":
        yield Boxes(request.getfixturevalue("cluster"), request.param)
        return
    options = {"family": 6} if request.param == "IPv6 underlay" else {"xdp": "native"}
    cluster = Cluster(f"{logs}/{request.param.replace(' ', '-')}", 2, **options)
    yield Boxes(cluster, request.param)
    cluster.close()


@pytest.fixture
def lossless(boxes):
    """Nothing that a test sends may be dropped anywhere."""
    before = [member.drops() for member in boxes.cluster]
    yield
    # Probes of IPv6, and multicast that stays on its host, are no traffic of the tests.
    harmless = {"DROP_ND", "DROP_DUPLICATE_ADDRESS_PROBE", "DROP_MULTICAST_OUTSIDE"}
    grown = {f"{member.name} {name}": number - was.get(name, 0)
             for member, was in zip(boxes.cluster, before) for name, number in member.drops().items()
             if number > was.get(name, 0) and name not in harmless}
    assert grown == {}


@pytest.mark.usefixtures("lossless")
@pytest.mark.parametrize("size", [56, 1372, 1402, 1403, 1422, 1423, 1472, 4000, 20000, 65000])
def test_pings_of_every_size_pass(boxes, size):
    ways = boxes.all_ways()

    arrived = {(a, to): boxes[a].run("ping", "-q", "-c2", "-i", "0.01", "-W2", "-s", size, to, check=False).code == 0
               for a, _, to in ways}

    assert arrived == {(a, to): True for a, _, to in ways}


@pytest.mark.usefixtures("lossless")
def test_datagrams_from_1_to_65507_bytes_arrive_as_they_were_sent(boxes):
    ways = boxes.all_ways()

    told = {(a, to): boxes[a].tool("sizes", to, "9000", "997") for a, _, to in ways}

    assert told == {(a, to): "all" for a, _, to in ways}


@pytest.mark.usefixtures("lossless")
@pytest.mark.parametrize("size, count", [(2, 60), (100, 63), (1000, 60), (1372, 47)])
def test_a_sender_with_segmentation_offload_reaches_a_plain_receiver(boxes, size, count):
    ways = boxes.all_ways()

    told = {(a, to): boxes[a].tool("segments", to, "9000", size, count) for a, _, to in ways}

    assert told == {(a, to): "all" for a, _, to in ways}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("a, b", WAYS)
def test_bulk_arrives_whole(boxes, a, b, family):
    told = boxes[a].tool("bulk", boxes.addresses(b)[family], "9000", 200_000_000)

    assert told.startswith("whole bytes 200000000 ")


def test_bulk_in_both_directions_at_once(boxes):
    running = [Stream(boxes[a], boxes.addresses(b)[family]) for a, b in WAYS for family in (4, 6)]

    time.sleep(1.5)

    assert [stream.worst() < 3000 for stream in running] == [True] * 4


def test_names_of_containers_on_other_hosts_are_not_needed_but_addresses_are_unique(boxes):
    found = [boxes.addresses(name)[family] for name in boxes.boxes for family in (4, 6)]

    assert len(set(found)) == len(found)
    assert {boxes[name].run("ip", "-o", "link", "show", "eth0").out.split("mtu ")[1].split()[0]
            for name in boxes.boxes} == {"1430" if boxes.underlay == "IPv6 underlay" else "1450"}


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_port_published_on_another_host_is_reached_from_a_container(boxes, protocol):
    h1, h2 = boxes.cluster[0], boxes.cluster[1]

    seen = [boxes["a"].tool("ask", protocol, address, "8080") for address in (h2.address, h2.address6)]

    assert seen == [f"b {h1.address}", f"b {h1.address6}"]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_published_port_is_reached_from_outside(boxes, protocol):
    outside, h2 = boxes.cluster.wire.outside, boxes.cluster[1]

    seen = [host_tool(outside, "ask", protocol, address, "8080") for address in (h2.address, h2.address6)]

    assert seen == ["b 198.18.0.1", "b 2001:db8:0:1::1"]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_containers_of_each_host_leave_with_their_hosts_address(boxes, protocol):
    server = boxes.cluster[0].serve(boxes.cluster.wire.outside, "9100")
    h1, h2 = boxes.cluster[0], boxes.cluster[1]

    seen = [boxes[name].tool("ask", protocol, address, "9100")
            for name in "ab" for address in ("198.18.0.1", "2001:db8:0:1::1")]

    server.stop()
    assert seen == [f"outside {address}" for address in (h1.address, h1.address6, h2.address, h2.address6)]


def test_each_host_takes_the_way_that_it_should(boxes):
    before = [member.forwarded() for member in boxes.cluster]
    boxes["a"].tool("beat", "-t", "300", boxes.addresses("b")[4], "9000", "5")
    after = [member.forwarded() for member in boxes.cluster]

    def grown(at, name):
        return after[at].get(name, 0) - before[at].get(name, 0)

    assert grown(0, "FORWARD_REMOTE") >= 50 and grown(1, "FORWARD_REMOTE") >= 50
    assert grown(0, "FORWARD_REMOTE_IN") >= 50 and grown(1, "FORWARD_REMOTE_IN") >= 50
    assert grown(0, "FORWARD_REMOTE_KERNEL") == 0
