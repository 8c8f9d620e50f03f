"""podman's containers on several networks, and on others while they run."""

import pytest
from fairlab.traffic import Beat, serve


@pytest.fixture
def nets(podman):
    return podman.network(subnet="10.91.0.0/24", name="web"), podman.network(subnet="10.92.0.0/24", name="db")


def interfaces(box):
    """Which has an address of which network."""
    rows = (line.split() for line in box.run("ip", "-o", "-4", "addr").out.splitlines())
    return {row[1]: row[3].rsplit(".", 1)[0] for row in rows if row[1] != "lo"}


def test_a_container_on_two_networks_reaches_both_and_joins_them_for_nobody(podman, nets):
    web, db = nets
    a, b = podman.up("a", web), podman.up("b", db)
    both = podman.up("both", f"{web},{db}")

    assert sorted(interfaces(both).values()) == ["10.91.0", "10.92.0"]
    assert podman.reaches("tcp", a.address(web), seen_from=both) == "a"
    assert podman.reaches("tcp", b.address(db), seen_from=both) == "b"
    assert podman.reaches("tcp", b.address(db), seen_from=a) == "no"
    assert sorted(row["network"] for row in podman.daemon.json("endpoints") if row["name"] == "box-both") == [db, web]


def test_a_port_of_a_container_on_two_networks_is_published_once(podman, nets):
    both = podman.up("both", ",".join(nets), "-p", "8080:80")

    assert podman.reaches("tcp", podman.address, 8080, seen_from=podman.outside) == "both"
    assert podman.reaches("tcp", "127.0.0.1", 8080, seen_from=podman.host) == "both"
    assert len({row["network"] for row in podman.daemon.json("ports")}) == 1

    published = podman.daemon.json("ports")[0]["network"]
    podman.docker("network", "disconnect", published, both.name)

    assert {row["network"] for row in podman.daemon.json("ports")} == {*nets} - {published}
    assert podman.reaches("tcp", podman.address, 8080, seen_from=podman.outside) == "both"


def test_connect_and_disconnect_while_a_container_runs(podman, nets):
    web, db = nets
    a, b = podman.up("a", web), podman.up("b", db)
    serve(a)
    c = podman.up("c", web)
    beat = Beat(c, a.address(web))

    podman.connect(db, a)
    joined = interfaces(a), podman.reaches("tcp", b.address(db), seen_from=a)
    podman.docker("network", "disconnect", db, a.name)

    assert set(joined[0].values()) == {"10.91.0", "10.92.0"} and joined[1] == "b"
    assert set(interfaces(a).values()) == {"10.91.0"}
    assert podman.reaches("tcp", b.address(db), seen_from=a) == "no"
    sent, lost = beat.lost()
    assert lost == 0 and sent > 10, "the other network did not notice"


def test_connect_with_an_address_and_aliases_of_its_own(podman, nets):
    web, db = nets
    a = podman.up("a", web)

    podman.connect(db, a, "--ip", "10.92.0.50", "--alias", "store")

    assert a.address(db) == "10.92.0.50"
    row = next(row for row in podman.daemon.json("endpoints") if row["network"] == db)
    assert row["name"] == "box-a" and "store" in row["aliases"]


def test_aliases_are_shown(podman, nets):
    podman.up("a", nets[0], "--network-alias", "first", "--network-alias", "second")

    assert {"first", "second"} <= set(podman.rows()["box-a"]["aliases"])


def test_two_lists_for_one_network_of_ours(podman):
    """Lists are the runtime's; `network` says which of ours is meant."""
    podman.network(network="shared", subnet="10.93.0.0/24", name="one")
    podman.network(network="shared", subnet="10.93.0.0/24", name="two")
    a, b = podman.up("a", "one"), podman.up("b", "two")

    assert podman.reaches("tcp", b.address("two"), seen_from=a) == "b"
    assert {row["network"] for row in podman.daemon.json("endpoints")} == {"shared"}
