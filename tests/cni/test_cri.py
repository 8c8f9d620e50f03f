"""containerd's interface for kubelets: sandboxes of pods with ports and bandwidth."""

import itertools

import pytest
from fairlab.containerd import TCP, UDP, Rejected
from fairlab.process import wait_until
from fairlab.rates import measure

MBIT = 1_000_000


@pytest.fixture
def net(place, containerd):
    name = place.network(name="pods", number="05", subnet="10.91.0.0/24")
    wait_until(containerd.ready, "containerd to see the list")
    return name


@pytest.fixture
def pod(place, containerd, net):
    made, numbers = [], itertools.count(1)

    def make(name, *ports, **options):
        made.append(containerd.sandbox(f"{name}{next(numbers)}", ports, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop()
        each.remove()


def test_a_pod_has_an_address_and_its_names_are_known(place, pod):
    a, b = pod("a"), pod("b")

    (address,) = b.addresses()
    rows = place.by_address()
    assert set(rows) == {a.addresses()[0], address}
    assert place.ask("tcp", address, 80, seen_from=a) == f"{b.name} {a.addresses()[0]}"
    assert b.name in rows[address]["name"]


def test_ports_of_a_pod(place, pod):
    a = pod("a", (TCP, 8080, 80), (UDP, 8081, 80), (TCP, 8082, 80, "127.0.0.1"))

    seen = {port: place.reaches(protocol, place.address, port, seen_from=place.outside)
            for protocol, port in (("tcp", 8080), ("udp", 8080), ("udp", 8081), ("tcp", 8082))}
    assert seen == {8080: "no", 8081: a.name, 8082: "no"}
    assert place.reaches("tcp", place.address, 8080, seen_from=place.outside) == a.name
    assert place.ask("tcp", "127.0.0.1", 8080, seen_from=place.host) == f"{a.name} 10.91.0.1"
    assert place.reaches("tcp", "127.0.0.1", 8082, seen_from=place.host) == a.name


def test_bandwidth_of_a_pod_is_known(place, pod):
    pod("a", annotations={"kubernetes.io/ingress-bandwidth": "20M", "kubernetes.io/egress-bandwidth": "10M"})

    (row,) = place.daemon.json("endpoints")
    assert row["rate"]["ingress"] == 20 * MBIT and row["rate"]["egress"] == 10 * MBIT


def test_bandwidth_of_a_pod_is_kept(pod):
    a, b = pod("a"), pod("b", annotations={"kubernetes.io/ingress-bandwidth": "8M"})

    rate = measure(a, b, "udp", b.address(), 16 * MBIT)

    assert 0.95 <= rate / (8 * MBIT) <= 1.05, f"{rate / MBIT:.2f} Mbit/s"


def test_a_stopped_pod_has_no_network_and_may_be_stopped_and_removed_again(place, containerd, net):
    a = containerd.sandbox("a", ((TCP, 8080, 80),))

    a.stop()
    stopped = place.daemon.json("endpoints"), place.reaches("tcp", place.address, 8080, seen_from=place.outside)
    for again in (a.stop, a.remove, a.remove):
        again()

    assert stopped == ([], "no")


def test_a_port_that_is_taken_is_refused_and_nothing_is_left(place, containerd, pod):
    pod("a", (TCP, 8080, 80))
    before = place.links_now()

    with pytest.raises(Rejected, match="8080"):
        containerd.sandbox("b", ((TCP, 8080, 80),))

    wait_until(lambda: place.links_now() == before, "the refused pod to leave nothing")
    assert len(place.daemon.json("endpoints")) == 1


def test_a_pod_is_removed_while_the_daemon_is_away(place, containerd, net):
    a = containerd.sandbox("a", ((TCP, 8080, 80),))
    place.daemon.kill()

    a.stop()
    a.remove()
    place.daemon.start()

    assert place.settled() == []
