"""A runtime made of libcni alone: ADD, CHECK and DEL of whole lists, with arguments by capability."""

import pytest
from fairlab import libcni

ARGUMENTS = {
    "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}],
    "ips": ["10.91.0.33/24"],
    "mac": "02:42:0a:5b:00:21",
    "bandwidth": {"ingressRate": 20_000_000, "ingressBurst": 0, "egressRate": 10_000_000, "egressBurst": 4294967295},
    "aliases": ["one", "two"],
    "dns": {"servers": ["10.91.0.1"], "searches": ["example.test"]}}


@pytest.fixture
def box(place):
    return place.sandbox("a")


@pytest.mark.parametrize("version", ["0.3.1", "0.4.0", "1.0.0"])
def test_add_check_and_delete(place, box, version):
    place.network(subnet="10.91.0.0/24", version=version)
    path = place.list_of("net")

    result = libcni.call("add", box, path)
    if version != "0.3.1":
        libcni.call("check", box, path)
    ours = box.interfaces()["eth0"]
    libcni.call("del", box, path)

    assert result["cniVersion"] == version
    inside = next(i for i, each in enumerate(result["interfaces"]) if each.get("sandbox"))
    assert result["interfaces"][inside] == {"name": "eth0", "mac": ours["mac"], "sandbox": box.netns}
    assert [ip["address"] for ip in result["ips"]] == ours["addresses"] and result["ips"][0]["interface"] == inside
    assert result["ips"][0]["gateway"] == "10.91.0.1"
    assert (result["ips"][0].get("version") == "4") == version.startswith("0.")
    assert {"dst": "0.0.0.0/0"}.items() <= result["routes"][0].items()
    assert box.interfaces() == {} and place.daemon.json("endpoints") == []


def test_all_arguments_are_taken(place, box):
    place.network(subnet="10.91.0.0/24")
    path = place.list_of("net")
    box.serve("80")

    result = libcni.call("add", box, path, arguments=ARGUMENTS)
    libcni.call("check", box, path, arguments=ARGUMENTS)

    (row,) = place.daemon.json("endpoints")
    assert box.interfaces()["eth0"] == {"mac": ARGUMENTS["mac"], "mtu": 1500, "addresses": ARGUMENTS["ips"]}
    assert result["dns"]["nameservers"] == ["10.91.0.1"] and result["dns"]["search"] == ["example.test"]
    assert place.reaches("tcp", place.address, 8080, seen_from=place.outside) == "node"
    assert set(row["aliases"]) == {"one", "two"}
    assert row["rate"]["ingress"] == 20_000_000 and row["rate"]["egress"] == 10_000_000
    libcni.call("del", box, path, arguments=ARGUMENTS)


def test_two_interfaces_of_one_container(place, box):
    place.network(subnet="10.93.0.0/24", name="one")
    place.network(subnet="10.92.0.0/24", name="two")

    libcni.call("add", box, place.list_of("one"))
    libcni.call("add", box, place.list_of("two"), interface="net1")
    both = box.interfaces()
    libcni.call("del", box, place.list_of("one"))

    assert sorted(both) == ["eth0", "net1"]
    assert sorted(box.interfaces()) == ["net1"]
    libcni.call("check", box, place.list_of("two"), interface="net1")
    libcni.call("del", box, place.list_of("two"), interface="net1")


def test_delete_again_and_after_the_namespace_has_gone(place, box):
    place.network(subnet="10.91.0.0/24")
    path = place.list_of("net")
    libcni.call("add", box, path)

    box.end()
    libcni.call("del", box, path)
    libcni.call("del", box, path)

    assert place.settled() == []


def test_an_interface_that_exists_is_not_replaced(place, box):
    place.network(subnet="10.91.0.0/24")
    box.run("ip", "link", "add", "eth0", "type", "veth")
    before = box.interfaces()

    failed = libcni.call("add", box, place.list_of("net"), check=False)

    assert failed.code == 1 and "eth0" in failed.err
    assert box.interfaces() == before and place.daemon.json("endpoints") == []
