"""The plugin as podman 5 calls it through netavark. What they would write is written here, as the packaged ones are
too old to call plugins."""

import json

import pytest
from fairlab import cni
from fairlab.daemon import STATE, program

ID = "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9"
DRIVER = "/run/host/netavark/fairlead"  # podman finds a driver by its file's name


class Netavark:
    def __init__(self, place):
        self.place = place
        place.host.run(f"mkdir -p /run/host/netavark && ln -sf {program(cni.TYPE)} {DRIVER}")

    def call(self, *words, document=None):
        """The answer; a string is the error's text."""
        done = self.place.host.run(DRIVER, *words, data=json.dumps(document).encode(), check=False, timeout=20,
                                   env={"FAIRLEAD_STATE_DIR": STATE})
        answer = json.loads(done.out) if done.out else None
        if done.code != 0:
            assert list(answer) == ["error"], answer
            return answer["error"]
        return answer

    def network(self, **more):
        """As `podman network create -d fairlead web` has it; returns what podman keeps."""
        return self.call("create", document={
            "name": "web", "id": ID, "driver": "fairlead", "created": "2026-11-21T19:08:59.123456789Z",
            "ipv6_enabled": False, "internal": False, "dns_enabled": True,
            "ipam_options": {"driver": "host-local"}, **more})


def container(box, network, ports=None, **options):
    return {"container_id": box.id, "container_name": box.name, "port_mappings": ports, "network": network,
            "network_options": {"aliases": [box.id[:12]], "interface_name": "eth0", "static_ips": None,
                                "static_mac": None, "options": None, **options}}


@pytest.fixture
def netavark(place):
    return Netavark(place)


def test_info_says_the_version_of_the_protocol(netavark):
    assert netavark.call("info")["api_version"] == "1.0.0"


def test_a_container_is_set_up_and_torn_down(place, netavark):
    network = netavark.network(subnets=[{"subnet": "10.91.0.0/24", "gateway": "10.91.0.1"}])
    a, b = place.sandbox("a"), place.sandbox("b")
    ports = [{"container_port": 80, "host_ip": "", "host_port": 8080, "protocol": "tcp", "range": 2}]
    wish = container(a, network, ports, static_ips=["10.91.0.50"], static_mac="aa:bb:cc:dd:aa:00", aliases=["web"])

    status = netavark.call("setup", a.netns, document=wish)
    netavark.call("setup", b.netns, document=container(b, network))

    assert status == {"dns_search_domains": [], "dns_server_ips": [], "interfaces": {"eth0": {
        "mac_address": "aa:bb:cc:dd:aa:00", "subnets": [{"gateway": "10.91.0.1", "ipnet": "10.91.0.50/24"}]}}}
    assert b.ping("10.91.0.50")
    assert {row["host_port"]: row["count"] for row in place.daemon.json("ports")} in ({8080: 2}, {8080: 1, 8081: 1})
    assert place.rows()["a"]["network"] == "web"
    for box in (a, b):
        for _ in range(2):
            assert netavark.call("teardown", box.netns, document=container(box, network)) is None
    assert not a.interfaces() and not place.rows()


def test_a_network_that_is_there_brings_its_subnet_along(place, netavark):
    a = place.sandbox("a")
    config = cni.single("web", subnet="10.91.0.0/24")
    a.add(config)

    network = netavark.network(subnets=None)

    assert network["subnets"] == [{"subnet": "10.91.0.0/24", "gateway": "10.91.0.1"}]
    assert network["ipam_options"] == {"driver": "fairlead"}, "else podman gives addresses itself"
    assert network["dns_enabled"] is True and network["id"] == ID
    b = place.sandbox("b")
    netavark.call("setup", b.netns, document=container(b, network))
    assert b.ping(a.interfaces()["eth0"]["addresses"][0].split("/")[0])
    netavark.call("teardown", b.netns, document=container(b, network))
    a.delete(config)


def test_what_cannot_be_is_refused_with_a_reason(place, netavark):
    assert "vlan" in netavark.network(options={"vlan": "7"})
    assert "lease_range" in netavark.network(subnets=[{"subnet": "10.91.0.0/24", "lease_range": {
        "start_ip": "10.91.0.10", "end_ip": "10.91.0.20"}}])
    a = place.sandbox("a")
    network = netavark.network(subnets=[{"subnet": "10.91.0.0/24"}])
    assert "10.92.0.5" in netavark.call("setup", a.netns, document=container(a, network, static_ips=["10.92.0.5"]))
    assert "namespace" in netavark.call("setup", "/proc/self/ns/net", document=container(a, network))
    assert not place.rows()


def test_teardown_without_a_daemon_is_caught_up(place, netavark):
    network = netavark.network(subnets=[{"subnet": "10.91.0.0/24"}])
    a = place.sandbox("a")
    netavark.call("setup", a.netns, document=container(a, network))
    place.daemon.kill()

    assert netavark.call("teardown", a.netns, document=container(a, network)) is None
    assert len(place.tombstones()) == 1
    place.daemon.start()

    assert not place.settled()
