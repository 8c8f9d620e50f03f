"""What cannot be done is refused in plain words, and nothing has changed afterwards."""

import pytest

from fairlab import image


def state(site):
    """All that a refused command must leave as it was."""
    seen = {
        "networks": sorted(site.docker("network", "ls", "--format", "{{.Name}}").out.split()),
        "links": site.host.run("ip", "-o", "link").out.count("\n"),
        "addresses": sorted(line.split()[3] for line in site.host.run("ip", "-o", "addr").out.splitlines()
                            if "fe80" not in line),
        "routes": sorted(site.host.run("ip", "route").out.splitlines()),
    }
    if site.daemon and site.daemon.process.alive():
        for what in ("networks", "endpoints", "ports"):
            # Names are learnt from Docker a moment later: they may come between two looks.
            seen[what] = [{key: value for key, value in row.items() if key not in ("name", "network")}
                          for row in site.daemon.json(what)]
    return seen


def refusal(site, *command):
    before = state(site)
    error = site.refused(*command)
    site.docker("rm", "-f", "box-x", check=False)
    assert state(site) == before
    return error


def create(*options, driver="fairlead"):
    return ("network", "create", "-d", driver, *options, "bad")


def test_an_overlapping_subnet_is_refused(site):
    site.network("--subnet", "10.81.0.0/16")

    error = refusal(site, *create("--subnet", "10.81.7.0/24", driver=site.driver))

    assert "overlap" in error.lower()


def test_an_overlapping_subnet_of_our_own_pools_is_refused_by_name(fairlead):
    fairlead.network("--ipam-driver", "fairlead", "--subnet", "10.81.0.0/16")

    error = refusal(fairlead, *create("--ipam-driver", "fairlead", "--subnet", "10.81.7.0/24"))

    assert "overlap" in error.lower() and "10.81.0.0/16" in error


def test_a_subnet_that_the_host_has_a_route_to_is_refused(fairlead):
    error = refusal(fairlead, *create("--subnet", "198.18.0.0/24"))

    assert "198.18.0.0/24" in error


@pytest.mark.parametrize("ipam", ["default", "fairlead"])
@pytest.mark.parametrize("subnet", ["10.81.0.0/33", "300.1.0.0/16", "nonsense"])
def test_a_bad_subnet_is_refused(fairlead, ipam, subnet):
    error = refusal(fairlead, *create("--ipam-driver", ipam, "--subnet", subnet))

    assert "invalid" in error.lower()


@pytest.mark.parametrize("option, word", [
    ("fairlead.nonsense=1", "fairlead.nonsense"),
    ("com.docker.network.driver.mtu=banana", "banana"),
    ("com.docker.network.driver.mtu=20", "mtu"),
    ("com.docker.network.bridge.enable_icc=perhaps", "perhaps"),
    ("com.docker.network.bridge.enable_ip_masquerade=perhaps", "perhaps"),
    ("com.docker.network.bridge.host_binding_ipv4=here", "here"),
    ("com.docker.network.container_iface_prefix=much-too-long-a-prefix", "much-too-long-a-prefix"),
])
def test_a_bad_option_is_refused_by_name(fairlead, option, word):
    error = refusal(fairlead, *create("-o", option))

    assert word in error.lower()


def test_options_that_docker_or_others_know_are_ignored(fairlead):
    net = fairlead.network("-o", "com.docker.network.bridge.name=br77", "-o", "com.example.color=blue")

    assert fairlead.up("a", net).address(net)


@pytest.mark.parametrize("ipam", ["default", "fairlead"])
def test_a_fixed_address_cannot_be_given_twice(fairlead, ipam):
    net = fairlead.network("--ipam-driver", ipam, "--subnet", "10.81.0.0/24")
    fairlead.up("a", net, "--ip", "10.81.0.77")

    error = refusal(fairlead, "run", "-d", "--name", "box-x", "--network", net, "--ip", "10.81.0.77", image.NAME)

    assert "in use" in error.lower() or "10.81.0.77" in error


def test_the_gateways_address_and_a_foreign_one_cannot_be_given(fairlead):
    net = fairlead.network("--ipam-driver", "fairlead", "--subnet", "10.81.0.0/24")

    for address in ("10.81.0.1", "10.82.0.1", "10.81.0.255"):
        error = refusal(fairlead, "run", "-d", "--name", "box-x", "--network", net, "--ip", address, image.NAME)
        assert address in error


def test_an_exhausted_pool_says_which_and_what_to_do(fairlead):
    net = fairlead.network("--ipam-driver", "fairlead", "--subnet", "10.81.0.0/29")
    for name in "abcde":
        fairlead.up(name, net)

    error = refusal(fairlead, "run", "-d", "--name", "box-x", "--network", net, image.NAME)

    assert "10.81.0.0/29" in error


def test_a_taken_port_names_the_port(fairlead):
    net = fairlead.network("--subnet", "10.81.0.0/24")
    fairlead.serve(fairlead.host, "tcp:8080")

    error = refusal(fairlead, "run", "-d", "--name", "box-x", "--network", net, "-p", "8080:80", image.NAME)

    assert "8080" in error and "in use" in error


def test_without_the_daemon_the_driver_cannot_be_found(fairlead):
    before = state(fairlead)
    fairlead.daemon.stop()
    error = fairlead.refused("network", "create", "-d", "fairlead", "--subnet", "10.81.0.0/24", "bad")
    fairlead.daemon.start()

    assert "fairlead" in error
    assert state(fairlead) == before
    fairlead.network("--subnet", "10.81.0.0/24")
