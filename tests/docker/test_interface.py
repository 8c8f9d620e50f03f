"""What a container finds on its interface, and what `docker inspect` says about it."""

import ipaddress
import re


def interface(container, device="eth0"):
    link = container.run("ip", "-o", "link", "show", device).out
    return {
        "addresses": re.findall(r"inet (\S+)", container.run("ip", "-o", "-4", "addr", "show", device).out),
        "mtu": int(re.search(r"mtu (\d+)", link).group(1)),
        "mac": re.search(r"link/ether (\S+)", link).group(1),
        "routes": sorted(" ".join(line.split()) for line in container.run("ip", "route").out.splitlines()),
    }


def test_a_container_has_the_address_route_and_mtu_of_its_network(site):
    net = site.network("--subnet", "10.81.0.0/24")

    a = site.up("a", net)

    seen = interface(a)
    assert {**seen, "mac": None} == {
        "addresses": ["10.81.0.2/24"],
        "mtu": 1500,
        "mac": None,
        "routes": ["10.81.0.0/24 dev eth0 proto kernel scope link src 10.81.0.2", "default via 10.81.0.1 dev eth0"],
    }
    assert int(seen["mac"].split(":")[0], 16) & 3 == 2, "the MAC must be local and unicast"
    told = a.details["NetworkSettings"]["Networks"][net]
    assert (told["IPAddress"], told["IPPrefixLen"], told["Gateway"], told["MacAddress"]) == (
        "10.81.0.2", 24, "10.81.0.1", seen["mac"])


def test_mtu_and_interface_name_can_be_chosen(site):
    net = site.network("--subnet", "10.81.0.0/24", "-o", "com.docker.network.driver.mtu=1400",
                       "-o", "com.docker.network.container_iface_prefix=fl")

    a = site.up("a", net)

    assert interface(a, "fl0")["mtu"] == 1400


def test_address_and_mac_can_be_chosen(site):
    net = site.network("--subnet", "10.81.0.0/24")

    a = site.up("a", net, "--ip", "10.81.0.77", "--mac-address", "02:11:22:33:44:55")
    b = site.up("b", net)

    seen = interface(a)
    assert (seen["addresses"], seen["mac"]) == (["10.81.0.77/24"], "02:11:22:33:44:55")
    assert a.details["NetworkSettings"]["Networks"][net]["MacAddress"] == "02:11:22:33:44:55"
    assert site.reaches("tcp", "10.81.0.77", seen_from=b) == "a"


def test_range_gateway_and_aux_addresses_are_obeyed(site):
    net = site.network("--subnet", "10.81.0.0/24", "--ip-range", "10.81.0.128/29", "--gateway", "10.81.0.254",
                       "--aux-address", "router=10.81.0.129", "--aux-address", "far=10.81.0.5")

    a = site.up("a", net)
    b = site.up("b", net)

    taken = {interface(c)["addresses"][0] for c in (a, b)}
    allowed = {f"{address}/24" for address in ipaddress.ip_network("10.81.0.128/29")} - {"10.81.0.129/24"}
    assert taken <= allowed and len(taken) == 2
    assert "default via 10.81.0.254 dev eth0" in interface(a)["routes"]
    assert site.reaches("ping", "10.81.0.254", seen_from=a) == "yes"
    assert "no" == site.reaches("ping", "10.81.0.5", seen_from=a)


def test_a_network_without_a_subnet_gets_one_that_nothing_else_uses(site):
    first = site.network(name="one")
    second = site.network(name="two")

    pools = [site.engine.inspect(n)["IPAM"]["Config"][0]["Subnet"] for n in (first, second)]
    a = site.up("a", first)

    one, two = (ipaddress.ip_network(pool) for pool in pools)
    assert not one.overlaps(two)
    assert ipaddress.ip_interface(interface(a)["addresses"][0]).network == one
    for line in site.host.run("ip", "route", "show", "dev", "up0").out.splitlines():
        if "/" in line.split()[0]:
            assert not ipaddress.ip_network(line.split()[0]).overlaps(one)


def test_an_internal_network_gives_no_way_out(site):
    net = site.network("--internal", "--subnet", "10.81.0.0/24")

    a = site.up("a", net)

    # The bridge of 20.10 sets a default route that its rules then block; newer ones and fairlead set none.
    routes = [route for route in interface(a)["routes"] if site.driver == "fairlead" or "default" not in route]
    assert routes == ["10.81.0.0/24 dev eth0 proto kernel scope link src 10.81.0.2"]


def test_a_container_may_join_and_leave_networks_while_it_runs(site):
    one = site.network("--subnet", "10.81.0.0/24", name="one")
    two = site.network("--subnet", "10.82.0.0/24", name="two")
    a = site.up("a", one)
    b = site.up("b", two)
    assert site.reaches("tcp", "10.82.0.2", seen_from=a) == "no"

    site.connect(two, a, "--ip", "10.82.0.9")
    assert interface(a, "eth1")["addresses"] == ["10.82.0.9/24"]
    assert site.reaches("tcp", "10.82.0.2", seen_from=a) == "b"
    assert site.reaches("udp", "10.82.0.9", seen_from=b) == "a"

    site.docker("network", "disconnect", two, a.name)
    assert a.run("ip", "link", "show", "eth1", check=False).code != 0
    assert site.reaches("tcp", "10.82.0.2", seen_from=a) == "no"
    assert site.reaches("tcp", "10.82.0.9", seen_from=b) == "no"


def test_names_of_containers_are_found(site):
    net = site.network("--subnet", "10.81.0.0/24")
    site.up("a", net)
    site.up("b", net)

    told = site.docker("exec", "box-b", "nslookup", "box-a", "127.0.0.11").out

    assert "10.81.0.2" in told
