"""`ctr run --cni`: containerd's own command, which knows nothing but a namespace and the first list."""

import pytest


@pytest.fixture
def net(place):
    return place.network(name="plain", number="05", subnet="10.91.0.0/24")


@pytest.fixture
def run(place, containerd, net):
    made = []

    def start(name, *command):
        made.append(name)
        return containerd.run(name, *command)

    yield start
    for name in made:
        containerd.remove(name)


def test_a_container_has_an_address_and_reaches_others(place, run):
    a, b = run("a"), run("b")

    assert a.address().startswith("10.91.0.") and set(place.by_address()) == {a.address(), b.address()}
    assert place.reaches("tcp", b.address(), seen_from=a) != "no"
    assert ("default", "10.91.0.1") in a.routes()


def test_when_a_container_ends_nothing_is_left(place, containerd, run):
    run("a")
    assert len(place.daemon.json("endpoints")) == 1

    containerd.remove("a")

    assert place.settled() == []
