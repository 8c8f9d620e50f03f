"""Two hosts that share a network: Docker on one, podman on the other."""

import itertools

import pytest
from fairlab import cni, image, libcni
from fairlab.cluster import Cluster
from fairlab.daemon import Daemon
from fairlab.podman import Podman, PodmanHost
from fairlab.process import wait_until
from fairlab.talk import connect, serve_one
from fairlab.traffic import Beat, serve


@pytest.fixture(scope="module")
def open_hosts(logs):
    """h1 with Docker, h2 with podman and without Docker."""
    cluster = Cluster(f"{logs}/cni", 2, engines=False, start=False)
    try:
        h1, h2 = cluster
        h1.daemon.docker, h1.has_engine = Daemon.DOCKER, True
        cni.prepare(h2.host)
        cluster.start()
        h1.engine.start().import_image()
        h1.links = h1.links_now()
        yield cluster, h1, PodmanHost(cluster.wire, h2.host, h2.daemon, Podman(h2.host).start())
    finally:
        cluster.close()


@pytest.fixture
def hosts(open_hosts):
    yield open_hosts
    _, docker, podman = open_hosts
    podman.stop_containers()
    docker.stop_containers()
    docker.remove_networks()
    left = podman.clean() + docker.left()
    assert not left, f"left behind: {left}"


class Shared:
    """A network that Docker made on h1; h2 has a list for it."""

    _numbers = itertools.count(1)

    def __init__(self, hosts, name=None):
        self.cluster, self.docker, self.podman = hosts
        number = next(self._numbers)
        self.name, self.subnet = name or f"web{number}", f"10.96.{number}.0/24"
        self.podman.network(name=self.name)
        self.make()

    def make(self):
        """And waits until h2 knows all networks."""
        self.docker.shared("--subnet", self.subnet, name=self.name)
        wait_until(lambda: self.cluster[1].status()["networks"] == len(self.records("networks")) > 0,
                   "h2 to know the network")

    def records(self, kind):
        return self.cluster.etcd.keys(f"/fairlead/v1/default/{kind}/")

    def up(self, site, name, *options):
        """A container, and its address."""
        box = site.up(name, self.name, *options)
        return box, box.address(self.name)

    def pair(self):
        """A container on each host, once they know of each other: (Docker's, its address, podman's, its address)."""
        d, there = self.up(self.docker, "d")
        p, here = self.up(self.podman, "p")
        meet(self.podman, p, there)
        return d, there, p, here


@pytest.fixture
def net(hosts):
    return Shared(hosts)


def meet(site, box, address):
    wait_until(lambda: site.reaches("ping", address, seen_from=box) == "yes", f"{box.name} to reach {address}")


def test_they_reach_each_other_through_the_tunnel(net):
    d, there, p, here = net.pair()

    for protocol in ("tcp", "udp"):
        assert net.podman.ask(protocol, there, 80, seen_from=p) == f"d {here}"
        assert net.docker.ask(protocol, here, 80, seen_from=d) == f"p {there}"


def test_bytes_arrive_as_they_were_sent(net):
    d, there, p, _ = net.pair()
    listener = serve_one(d, "got = read_all(s); s.sendall(got); s.shutdown(1); say(digest(got))", 81)

    said = connect(p, there, "s.sendall(pattern(1 << 22)); s.shutdown(1); say(digest(read_all(s)))", 81)

    assert said == listener.said()


def test_containers_come_and_go_on_one_host_while_the_other_sends(net):
    d, there, p, _ = net.pair()
    serve(d)
    beat = Beat(p, there)

    for name in "qrs":
        net.podman.remove(net.up(net.podman, name)[0])

    sent, lost = beat.lost()
    assert lost == 0 and sent > 20


def test_no_address_is_handed_out_twice(net):
    taken = [net.up(site, f"{name}{n}")[1] for name, site in (("p", net.podman), ("d", net.docker)) for n in range(3)]

    assert len(set(taken)) == 6


def test_an_address_that_the_other_host_has_is_refused(net):
    address = net.subnet.replace(".0/24", ".99")
    net.up(net.docker, "d", "--ip", address)

    said = net.podman.refused("run", "-d", "--name", "box-p", "--network", net.name, "--ip", address, image.NAME)
    net.podman.docker("rm", "-f", "box-p", check=False)

    assert address in said


def test_addresses_that_are_known_on_one_host_only_are_refused(net):
    net.podman.network(name="own", network=net.name, ipam={
        "type": "host-local", "dataDir": "/run/host/host-local", "ranges": [[{"subnet": net.subnet}]]})

    failed = libcni.call("add", net.podman.sandbox("a"), net.podman.list_of("own"), check=False)

    assert failed.code == 1 and "IPAM" in failed.err


def test_removed_containers_are_forgotten_by_the_other_host(net):
    d, _, p, gone = net.pair()
    kept = len(net.records("eps"))

    net.podman.remove(p)

    wait_until(lambda: len(net.records("eps")) == kept - 1, "the record of the container to go")
    assert net.docker.reaches("ping", gone, seen_from=d) == "no"


def test_a_daemon_that_starts_anew_knows_podmans_containers(net):
    d, _, _, here = net.pair()

    net.podman.daemon.kill()
    net.podman.daemon.start()

    meet(net.docker, d, here)
    assert "box-p" in net.podman.rows()


def test_a_network_of_podman_is_docker_s_too(hosts):
    _, docker, podman = hosts
    podman.network(name="first", subnet="10.98.0.0/24")
    p = podman.up("p", "first")
    wait_until(lambda: "first" in docker.network_names(), "the network to be on h1")
    docker.networks.append("first")
    d = docker.up("d", "first")

    meet(docker, d, p.address("first"))
    assert podman.ask("tcp", d.address("first"), 80, seen_from=p) == f"d {p.address('first')}"


def test_a_network_that_was_made_anew_under_its_old_name(hosts):
    _, docker, podman = hosts
    net = Shared(hosts, name="again")
    for site, box in zip((docker, podman), net.pair()[::2]):
        site.remove(box)
    docker.remove_network("again")

    net.make()

    net.pair()
