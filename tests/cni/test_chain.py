"""Other plugins of the distribution before and behind ours, and other plugins' addresses."""

import pytest
from fairlab import cni, libcni

SUBNET = "10.91.0.0/24"


@pytest.fixture
def box(place):
    return place.sandbox("a")


def behind(kind, **keys):
    return cni.plugin(of=kind, **keys)


def test_tuning_behind_ours(place, box):
    place.network(behind("tuning", sysctl={"net.ipv4.conf.eth0.arp_filter": "1"}, mtu=1400), subnet=SUBNET)
    path = place.list_of("net")

    libcni.call("add", box, path)
    libcni.call("check", box, path)

    assert box.interfaces()["eth0"]["mtu"] == 1400
    assert box.run("sysctl", "-n", "net.ipv4.conf.eth0.arp_filter").text == "1"
    libcni.call("del", box, path)


def test_bandwidth_behind_ours(place, box):
    """It takes the host's end of the pair from our result."""
    place.network(behind("bandwidth", ingressRate=100_000_000, ingressBurst=10_000_000), subnet=SUBNET)
    path = place.list_of("net")

    result = libcni.call("add", box, path)
    libcni.call("check", box, path)

    assert "tbf" in place.host.run("tc", "qdisc", "show", "dev", result["interfaces"][0]["name"]).out
    assert box.ping("10.91.0.1")
    libcni.call("del", box, path)


def test_loopback_before_ours(place, box):
    box.run("ip", "link", "set", "lo", "down")
    place.network(before=[behind("loopback")], subnet=SUBNET)
    path = place.list_of("net")

    result = libcni.call("add", box, path)
    libcni.call("check", box, path)
    libcni.call("del", box, path)

    names = [each["name"] for each in result["interfaces"]]
    assert names[0] == "lo" and names[-1] == "eth0"
    ours = next(ip for ip in result["ips"] if ip["address"].startswith("10.91.0."))
    assert result["interfaces"][ours["interface"]]["name"] == "eth0"


def test_podman_with_tuning_behind_ours(podman):
    podman.network(behind("tuning", sysctl={"net.ipv4.conf.eth0.arp_filter": "1"}), subnet=SUBNET)

    a = podman.up("a", "net", "-p", "8080:80")

    assert a.run("sysctl", "-n", "net.ipv4.conf.eth0.arp_filter").text == "1"
    assert podman.reaches("tcp", podman.address, 8080, seen_from=podman.outside) == "a"


def test_addresses_of_host_local(place, box):
    data = "/run/host/host-local"
    place.network(subnet=SUBNET, ipam={
        "type": "host-local", "dataDir": data, "routes": [{"dst": "0.0.0.0/0"}],
        "ranges": [[{"subnet": SUBNET, "rangeStart": "10.91.0.100", "gateway": "10.91.0.1"}]]})
    path = place.list_of("net")

    result = libcni.call("add", box, path)
    libcni.call("check", box, path)
    leased = place.host.run("ls", f"{data}/net").out.split()
    libcni.call("del", box, path)

    assert result["ips"][0]["address"] == "10.91.0.100/24"
    assert "10.91.0.100" in leased
    assert "10.91.0.100" not in place.host.run("ls", f"{data}/net").out.split()


def test_a_failed_add_gives_the_address_of_host_local_back(place, box):
    data = "/run/host/host-local"
    place.network(subnet="10.94.0.0/24", name="broken", ipam={"type": "host-local", "dataDir": data, "ranges": [
        [{"subnet": "10.94.0.0/24"}]]})
    box.run("ip", "link", "add", "eth0", "type", "veth")

    failed = libcni.call("add", box, place.list_of("broken"), check=False)

    left = place.host.run("ls", f"{data}/broken", check=False).out.split()
    assert failed.code == 1 and not [name for name in left if name.startswith("10.")]


def test_static_addresses(place, box):
    place.network(subnet=SUBNET, ipam={
        "type": "static", "addresses": [{"address": "10.91.0.200/24", "gateway": "10.91.0.1"}],
        "routes": [{"dst": "0.0.0.0/0", "gw": "10.91.0.1"}]})
    path = place.list_of("net")

    libcni.call("add", box, path)
    libcni.call("check", box, path)

    assert box.interfaces()["eth0"]["addresses"] == ["10.91.0.200/24"]
    assert ("default", "10.91.0.1") in box.routes() and box.ping("10.91.0.1")
    libcni.call("del", box, path)
