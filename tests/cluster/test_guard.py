"""What the tunnel port believes, and the name of the reason for what it does not."""

import pytest

from fairlab.process import wait_until
from fairlab.vxlan import datagram, inject

SUBNETS = ("--ipv6", "--subnet", "10.83.0.0/24", "--subnet", "2001:db8:83::/64")


@pytest.fixture(scope="module")
def net(cluster):
    cluster[0].shared(*SUBNETS, name="guard")
    cluster.everywhere("guard")
    found = cluster.etcd.get("/fairlead/v1/default/networks/")
    return next(value["vni"] for value in found.values() if value["name"] == "guard")


class Ear:
    """A container that tells which datagrams it hears on port 9."""

    def __init__(self, member, name):
        self.member = member
        self.box = member.up(name, "guard")
        self.file = f"/run/host/heard-{name}"
        self.box.start("sh", "-c", f"socat -u UDP6-RECV:9,ipv6only=0 OPEN:{self.file},creat,append")
        self.mac = self.box.details["NetworkSettings"]["Networks"]["guard"]["MacAddress"]

    def address(self, family=4):
        return self.box.address("guard", "IPAddress" if family == 4 else "GlobalIPv6Address")

    def heard(self):
        return self.member.host.run("cat", self.file, check=False).out

    def forget(self):
        self.member.host.run(f": > {self.file}")


@pytest.fixture
def ears(all_ears):
    for ear in all_ears:
        ear.forget()
    return all_ears


@pytest.fixture(scope="module")
def all_ears(cluster, net):
    """On h1 and h2, which have heard of each other, and on h3."""
    ears = [Ear(member, f"ear{n}") for n, member in enumerate(cluster, 1)]
    for a, b in ((0, 1), (1, 0), (2, 0)):
        ping = ("ping", "-q", "-c1", "-W1", ears[b].address())
        wait_until(lambda a=a, p=ping: ears[a].box.run(*p, check=False).code == 0, "the hosts to know the containers")
    return ears


def rejected(member, reason, action):
    """How many packets more have been dropped by that name."""
    before = member.drops().get(reason, 0)
    action()
    try:
        wait_until(lambda: member.drops().get(reason, 0) >= before + 3, f"3 packets of {reason}", timeout=3)
    except Exception as error:
        raise AssertionError(f"{error}; drops of {member.name}: {member.drops()}") from None


@pytest.mark.parametrize("family", [4, 6])
def test_a_tunnel_packet_from_no_member_is_dropped(cluster, net, ears, family):
    h1, outside = cluster[0], cluster.wire.outside
    frame = datagram(ears[1].address(family), ears[0].address(family), mac=ears[0].mac, source_mac=ears[1].mac)

    rejected(h1, "DROP_VTEP", lambda: inject(outside, h1.address, net, frame))

    assert ears[0].heard() == ""


@pytest.mark.parametrize("family", [4, 6])
def test_what_a_member_says_truly_is_believed(cluster, net, ears, family):
    """The very packet of the other tests, from where it belongs: so those measure what they say."""
    frame = datagram(ears[1].address(family), ears[0].address(family), mac=ears[0].mac, source_mac=ears[1].mac)

    inject(cluster[1].host, cluster[0].address, net, frame)

    wait_until(lambda: ears[0].heard() == "forged" * 3, "the packet to arrive")


def test_a_member_with_a_network_that_it_has_no_part_in_is_dropped(cluster, net, ears):
    h1, h2 = cluster[0], cluster[1]
    frame = datagram(ears[1].address(), ears[0].address(), mac=ears[0].mac, source_mac=ears[1].mac)

    rejected(h1, "DROP_VNI", lambda: inject(h2.host, h1.address, net + 1, frame))

    assert ears[0].heard() == ""


def test_a_member_of_another_network_does_not_reach_into_this_one(cluster, net, ears):
    h1, h2 = cluster[0], cluster[1]
    # h1 alone has the network: the engine of h2 never hears of it.
    h1.network("--ipam-driver", "fairlead", "-o", "fairlead.scope=host", "--subnet", "10.84.0.0/24", name="alone")
    inner = datagram(ears[1].address(), "10.84.0.2", mac=ears[0].mac, source_mac=ears[1].mac)

    rejected(h1, "DROP_INNER_DESTINATION", lambda: inject(h2.host, h1.address, net, inner))


@pytest.mark.parametrize("family", [4, 6])
def test_the_source_of_another_host_is_dropped(cluster, net, ears, family):
    h1, h2 = cluster[0], cluster[1]
    frame = datagram(ears[2].address(family), ears[0].address(family), mac=ears[0].mac, source_mac=ears[2].mac)

    rejected(h1, "DROP_INNER_SOURCE", lambda: inject(h2.host, h1.address, net, frame))

    assert ears[0].heard() == ""


def test_a_source_that_nobody_has_and_one_of_the_receiver_itself_are_dropped(cluster, net, ears):
    h1, h2 = cluster[0], cluster[1]
    for source in ("10.83.0.250", ears[0].address(), "10.83.0.1", "203.0.113.5"):
        frame = datagram(source, ears[0].address(), mac=ears[0].mac)
        rejected(h1, "DROP_INNER_SOURCE", lambda f=frame: inject(h2.host, h1.address, net, f))

    assert ears[0].heard() == ""
