"""Rate limits where the other end is on another host."""

import pytest

from fairlab.rates import measure

LIMIT = 8_000_000  # bit/s
OFFERED = 2 * LIMIT


@pytest.fixture(scope="module")
def boxes(cluster):
    """out on h1 and slow on h2, each with a limit; free on both."""
    h1, h2 = cluster[0], cluster[1]
    h1.shared("--subnet", "10.89.0.0/24", name="rated")
    cluster.everywhere("rated")
    return {"out": h1.up("out", "name=rated,driver-opt=fairlead.rate.egress=8mbit"),
            "free1": h1.up("free1", "rated"),
            "slow": h2.up("slow", "name=rated,driver-opt=fairlead.rate.ingress=8mbit"),
            "free2": h2.up("free2", "rated")}


@pytest.mark.parametrize(("sender", "receiver"), [("out", "free2"), ("free1", "slow")])
def test_datagrams_through_the_tunnel(boxes, sender, receiver):
    to = boxes[receiver]

    rate = measure(boxes[sender], to, "udp", to.address("rated"), OFFERED)
    assert 0.95 <= rate / LIMIT <= 1.05, f"{rate / 1e6:.2f} Mbit/s"


@pytest.mark.parametrize(("sender", "receiver"), [("out", "free2"), ("free1", "slow")])
def test_tcp_through_the_tunnel_is_no_faster(boxes, sender, receiver):
    to = boxes[receiver]

    rate = measure(boxes[sender], to, "tcp", to.address("rated"))
    assert 0.4 <= rate / LIMIT <= 1.05, f"{rate / 1e6:.2f} Mbit/s"


def test_a_networks_limit_is_known_to_every_host(cluster):
    cluster[0].shared("--subnet", "10.90.0.0/24", "-o", "fairlead.rate.egress=5mbit", name="slower")
    cluster.everywhere("slower")

    for member in list(cluster)[:2]:
        rates = {row["name"]: row["rate"] for row in member.daemon.json("networks")}
        assert rates["slower"]["egress"] == 5_000_000
