"""What is on the wire is VXLAN (RFC 7348), and others who speak it are understood."""

import pytest

from fairlab.cluster import PORT
from fairlab.engine import host_tool
from fairlab.process import wait_until
from fairlab.traffic import serve
from fairlab.vxlan import Capture, KernelPeer

SUBNETS = ("--ipv6", "--subnet", "10.82.0.0/24", "--subnet", "2001:db8:82::/64")


@pytest.fixture(scope="module")
def net(cluster):
    """(id, VNI) of a network of all hosts."""
    cluster[0].shared(*SUBNETS, name="wire")
    cluster.everywhere("wire")
    found = cluster.etcd.get("/fairlead/v1/default/networks/")
    key, record = next((key, value) for key, value in found.items() if value["name"] == "wire")
    return key.rsplit("/", 1)[1], record["vni"]


@pytest.fixture(scope="module")
def two(cluster, net):
    a, b = cluster[0].up("a", "wire"), cluster[1].up("b", "wire")
    wait_until(lambda: a.run("ping", "-q", "-c1", "-W1", b.address("wire"), check=False).code == 0, "b to be known")
    return a, b


def test_a_capture_shows_vxlan(cluster, net, two):
    a, b = two
    capture = Capture(cluster[0].host, "not", "tcp")
    for _ in range(12):
        assert a.tool("ask", "tcp", b.address("wire"), "80") == f"b {a.address('wire')}"
        assert a.tool("ask", "tcp", b.address("wire", "GlobalIPv6Address"), "80").startswith("b 2001:db8:82:")
    a.run("ping", "-q", "-c3", "-i", "0.01", b.address("wire"))

    packets = capture.packets()

    h1, h2 = cluster[0].address, cluster[1].address
    assert {(p.source, p.target) for p in packets} == {(h1, h2), (h2, h1)}
    assert {(p.flags, p.vni, p.checksum, p.dont_fragment, p.ttl) for p in packets} == {(8, net[1], 0, True, 64)}
    for source in (h1, h2):
        ports = {p.source_port for p in packets if p.source == source}
        assert len(ports) >= 8 and min(ports) >= 32768
    inner = {p.inner_addresses for p in packets}
    assert (a.address("wire"), b.address("wire")) in inner and (b.address("wire"), a.address("wire")) in inner
    # Neither ARP nor neighbour discovery crosses hosts.
    assert {p.inner[12:14] for p in packets} == {b"\x08\x00", b"\x86\xdd"}
    assert not [p for p in packets if p.inner[12:14] == b"\x86\xdd" and p.inner[20] == 58 and p.inner[54] in (135, 136)]


def test_one_flow_keeps_its_source_port(cluster, two):
    a, b = two
    capture = Capture(cluster[0].host, f"udp port {PORT} and src host {cluster[0].address}")
    a.tool("stream", "-t", "200", b.address("wire"), "80")

    ports = {p.source_port for p in capture.packets()}

    assert len(ports) == 1


@pytest.mark.parametrize("inside, outer", [(0, 0), (1, 1), (2, 2), (3, 2)])
def test_congestion_marks_go_out_as_the_kernel_does_it(cluster, two, inside, outer):
    a, b = two
    capture = Capture(cluster[0].host, f"udp port {PORT} and src host {cluster[0].address}")
    a.run("ping", "-q", "-c3", "-i", "0.01", "-Q", inside, b.address("wire"))

    assert {(p.tos, p.inner[15]) for p in capture.packets()} == {(outer, inside)}


@pytest.fixture
def kernel(cluster, net):
    peer = KernelPeer(cluster, *net, "10.82.0.200/24", "2001:db8:82::c8/64")
    yield peer
    peer.close()


def test_a_plain_kernel_device_exchanges_packets_both_ways(cluster, two, kernel):
    for box, member in zip(two, cluster):
        kernel.knows(box.details["NetworkSettings"]["Networks"]["wire"]["MacAddress"], member.address,
                     box.address("wire"), box.address("wire", "GlobalIPv6Address"))
    serve_kernel = serve(kernel.host)
    serve(two[0])
    for box in two:
        wait_until(lambda b=box: b.run("ping", "-q", "-c1", "-W1", kernel.address, check=False).code == 0,
                   "the kernel's device to answer")
    theirs = (kernel.address, kernel.address6)
    ours = (two[0].address("wire"), two[0].address("wire", "GlobalIPv6Address"))

    there = {(verb, to): two[0].tool(verb, to, "9000", *words) for to in theirs for verb, *words in WORK}
    back = {(verb, to): host_tool(kernel.host, verb, to, "9000", *words)
            for to in ours for verb, *words in WORK}

    serve_kernel.stop()
    assert {key: word.split()[0] for key, word in there.items()} == done(theirs)
    assert {key: word.split()[0] for key, word in back.items()} == done(ours)


WORK = [("sizes", "4999"), ("segments", "1000", "40"), ("bulk", "30000000")]


def done(addresses):
    return {(verb, to): "whole" if verb == "bulk" else "all" for to in addresses for verb, *_ in WORK}

