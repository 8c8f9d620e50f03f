"""fairlead as IPAM driver too: pools and addresses."""

import ipaddress

IPAM = ("--ipam-driver", "fairlead")


def pool(site, net, index=0):
    return ipaddress.ip_network(site.engine.inspect(net)["IPAM"]["Config"][index]["Subnet"])


def test_pools_are_cut_from_the_default_range_and_avoid_the_hosts_routes(fairlead):
    fairlead.host.run("ip", "route", "add", "blackhole", "100.96.0.0/22")
    nets = [fairlead.network(*IPAM, name=f"net{n}") for n in range(4)]

    pools = [pool(fairlead, net) for net in nets]
    fairlead.host.run("ip", "route", "del", "blackhole", "100.96.0.0/22")

    assert all(p.prefixlen == 24 for p in pools)
    assert not any(a.overlaps(b) for n, a in enumerate(pools) for b in pools[n + 1:])
    assert not any(p.overlaps(ipaddress.ip_network("100.96.0.0/22")) for p in pools)


def test_range_gateway_and_aux_addresses_are_obeyed(fairlead):
    net = fairlead.network(*IPAM, "--subnet", "10.81.0.0/24", "--ip-range", "10.81.0.128/29",
                           "--gateway", "10.81.0.254", "--aux-address", "router=10.81.0.129")

    a, b = fairlead.up("a", net), fairlead.up("b", net, "--ip", "10.81.0.9")

    assert ipaddress.ip_address(a.address(net)) in ipaddress.ip_network("10.81.0.128/29")
    assert a.address(net) != "10.81.0.129"
    assert b.address(net) == "10.81.0.9"
    assert a.details["NetworkSettings"]["Networks"][net]["Gateway"] == "10.81.0.254"
    assert fairlead.reaches("tcp", "10.81.0.9", seen_from=a) == "b"


def test_an_address_is_not_given_again_at_once(fairlead):
    net = fairlead.network(*IPAM, "--subnet", "10.81.0.0/24")
    a = fairlead.up("a", net)
    was = a.address(net)
    fairlead.remove(a)

    assert fairlead.up("b", net).address(net) != was
    assert fairlead.up("c", net, "--ip", was).address(net) == was


def test_a_pool_is_free_when_its_network_is_gone(fairlead):
    net = fairlead.network(*IPAM, "--subnet", "10.81.0.0/24")
    fairlead.docker("network", "rm", net)

    again = fairlead.network(*IPAM, "--subnet", "10.81.0.0/25")

    assert fairlead.up("a", again).address(again).startswith("10.81.0.")


def test_both_families(fairlead):
    net = fairlead.network(*IPAM, "--ipv6", "--subnet", "10.81.0.0/24", "--subnet", "2001:db8:81::/64")
    a, b = fairlead.up("a", net), fairlead.up("b", net, "--ip6", "2001:db8:81::77")

    assert ipaddress.ip_address(a.address(net, "GlobalIPv6Address")) in ipaddress.ip_network("2001:db8:81::/64")
    assert fairlead.reaches("tcp", "2001:db8:81::77", seen_from=a) == "b"


def test_our_pools_serve_other_drivers_too(fairlead):
    net = fairlead.network(*IPAM, driver="bridge")

    assert ipaddress.ip_address(fairlead.up("a", net).address(net)) in pool(fairlead, net)


def test_addresses_survive_a_restart_of_both_daemons(fairlead):
    net = fairlead.network(*IPAM, "--subnet", "10.81.0.0/24")
    a = fairlead.up("a", net)
    fairlead.daemon.stop()
    fairlead.daemon.start()

    b = fairlead.up("b", net)

    assert b.address(net) != a.address(net)
    assert fairlead.reaches("tcp", a.address(net), seen_from=b) == "a"
