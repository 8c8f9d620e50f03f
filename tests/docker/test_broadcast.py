"""Broadcast and multicast inside a network of one host."""

import pytest

from fairlab import image
from fairlab.process import wait_until

CASES = {
    "limited broadcast": "255.255.255.255",
    "directed broadcast": "10.81.0.255",
    "multicast": "239.1.2.3",
    "multicast of mDNS": "224.0.0.251",
    "IPv6 all nodes": "ff02::1",
    "IPv6 multicast": "ff05::1:2",
}


@pytest.fixture
def boxes(site):
    one = site.network("--ipv6", "--subnet", "10.81.0.0/24", "--subnet", "2001:db8:81::/64", name="one")
    two = site.network("--ipv6", "--subnet", "10.82.0.0/24", "--subnet", "2001:db8:82::/64", name="two")
    return site.up("a", one), site.up("b", one), site.up("c", one), site.up("x", two)


@pytest.mark.parametrize("address", CASES.values(), ids=CASES.keys())
def test_all_of_the_network_hear_it_and_nobody_else(site, boxes, address):
    a, *others = boxes
    ears = [box.start(image.tool(), "hear", "-t", "1500", address, "5353", until="ready") for box in others]

    said = a.tool("shout", address, "5353", "hello")
    heard = [ear.popen.stdout.readline().decode().split(" from ")[0].strip() for ear in ears]

    assert said == "sent"
    assert heard == ["hello", "hello", "timeout"]
    for ear in ears:
        wait_until(lambda ear=ear: not ear.alive(), "the listener to end")
        ear.popen.stdout.close()
    assert site.driver
