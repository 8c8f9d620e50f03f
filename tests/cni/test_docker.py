"""Containers of Docker and of podman on one network of one host."""

import pytest
from fairlab.cni_host import CniHost
from fairlab.daemon import Daemon
from fairlab.engine import Engine
from fairlab.host import Wire
from fairlab.podman import PodmanHost
from fairlab.site import Site


@pytest.fixture(scope="module")
def both(logs):
    """The host as podman's user sees it, and as Docker's."""
    wire = Wire()
    try:
        place = CniHost.make(wire, f"{logs}/both-fairleadd.log", docker=Daemon.DOCKER)
        engine = Engine(place.host, log=f"{logs}/both-dockerd.log").start()
        engine.import_image()
        yield PodmanHost.of(place), Site("fairlead", wire, place.host, engine, place.daemon)
    finally:
        wire.close()


@pytest.fixture
def sites(both):
    yield both
    podman, docker = both
    podman.stop_containers()
    left = docker.clean() + podman.clean()
    assert not left, f"left behind: {left}"


def test_they_reach_each_other_on_a_network_of_docker(sites):
    podman, docker = sites
    docker.network("--ipam-driver", "fairlead", "--subnet", "10.95.0.0/24", name="shop")
    podman.network(name="shop")
    d = docker.up("d", "shop", "-p", "8081:80")
    p = podman.up("p", "shop", "-p", "8080:80")

    ours, theirs = p.address("shop"), d.address("shop")
    assert ours.startswith("10.95.0.") and ours != theirs
    assert podman.ask("tcp", theirs, 80, seen_from=p) == f"d {ours}"
    assert docker.ask("udp", ours, 80, seen_from=d) == f"p {theirs}"
    assert docker.reaches("tcp", docker.address, 8080, seen_from=d) == "p"
    assert podman.reaches("tcp", docker.address, 8081, seen_from=p) == "d"
    assert docker.reaches("tcp", docker.address, 8080, seen_from=docker.outside) == "p"


def test_one_list_of_endpoints_with_the_names_of_both(sites):
    podman, docker = sites
    docker.network("--ipam-driver", "fairlead", "--subnet", "10.95.0.0/24", name="shop")
    podman.network(name="shop")
    docker.up("d", "shop")
    podman.up("p", "shop")

    assert {row["network"] for row in podman.daemon.json("endpoints")} == {"shop"}
    assert "box-p" in podman.rows()


def test_neither_gets_what_the_other_has(sites):
    podman, docker = sites
    docker.network("--ipam-driver", "fairlead", "--subnet", "10.95.0.0/24", name="shop")
    podman.network(name="shop")
    docker.up("d", "shop", "-p", "8080:80", "--ip", "10.95.0.7")

    address = podman.refused("run", "-d", "--name", "box-p", "--network", "shop", "--ip", "10.95.0.7",
                             "fairlead-test")
    port = podman.refused("run", "-d", "--name", "box-q", "--network", "shop", "-p", "8080:80", "fairlead-test")
    podman.docker("rm", "-f", "box-p", "box-q", check=False)

    assert "10.95.0.7" in address and "8080" in port


def test_a_network_whose_addresses_docker_hands_out_itself(sites):
    """Docker says nobody which ones it has given out, so podman's user must say which one is free."""
    podman, docker = sites
    docker.network("--subnet", "10.97.0.0/24", "--ip-range", "10.97.0.0/25", name="own")
    podman.network(name="own")
    d = docker.up("d", "own")

    said = podman.refused("run", "-d", "--name", "box-q", "--network", "own", "fairlead-test")
    podman.docker("rm", "-f", "box-q", check=False)
    p = podman.up("p", "own", "--ip", "10.97.0.200")

    assert "--ipam-driver fairlead" in said
    assert podman.ask("tcp", d.address("own"), 80, seen_from=p) == "d 10.97.0.200"


def test_docker_does_not_take_the_network_from_under_podman(sites):
    podman, docker = sites
    docker.network("--ipam-driver", "fairlead", "--subnet", "10.95.0.0/24", name="shop")
    podman.network(name="shop")
    p, q = podman.up("p", "shop"), podman.up("q", "shop")

    docker.docker("network", "rm", "shop", check=False)

    assert podman.reaches("tcp", q.address("shop"), seen_from=p) == "q"
    assert {row["network"] for row in podman.daemon.json("endpoints")} == {"shop"}
