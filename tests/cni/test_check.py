"""CHECK says what is not as it was made: each part is broken once, and named."""

import json

import pytest
from fairlab.cni import Refused, single
from fairlab.daemon import PINS
from fairlab.process import wait_until

PORT = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}
LIMIT = {"bandwidth": {"ingressRate": 8_000_000, "egressRate": 8_000_000}}


class Attached:
    """A container with an address, a published port, and what was said when it was added."""

    def __init__(self, place, runtime):
        self.place, self.box = place, place.sandbox("a")
        self.config = single("net", runtime=runtime, subnet="10.91.0.0/24")
        self.result = self.box.add(self.config)
        self.device = self.result["interfaces"][0]["name"]
        self.address = self.result["ips"][0]["address"]

    def check(self):
        self.box.check(self.config, self.result)

    def broken(self):
        """What CHECK says is wrong."""
        with pytest.raises(Refused) as caught:
            self.check()
        return caught.value.message

    def inside(self, *words):
        self.box.run("ip", *words)

    def map_entries(self, name):
        """The keys of a map, as bpftool takes them."""
        rows = json.loads(self.place.host.run("bpftool", "-j", "map", "dump", "pinned", f"{PINS}/maps/{name}").out)
        return [row["key"] for row in rows]

    def delete(self, name, wanted=lambda key: True):
        """Takes those of a map's entries away that are `wanted`, by the bytes of their keys."""
        found = [key for key in self.map_entries(name) if wanted([int(byte, 16) for byte in key])]
        assert found, f"{name} has no such entry"
        for key in found:
            self.place.host.run("bpftool", "map", "delete", "pinned", f"{PINS}/maps/{name}", "key", "hex",
                                *[byte.removeprefix("0x") for byte in key])

    def address_bytes(self):
        return [int(part) for part in self.address.split("/")[0].split(".")]


@pytest.fixture
def attached(place, request):
    """Parameter: runtimeConfig."""
    made = Attached(place, getattr(request, "param", PORT))
    made.check()
    yield made
    made.box.delete(made.config)


def test_an_interface_that_has_gone(attached):
    attached.inside("link", "del", "eth0")

    assert "eth0" in attached.broken()


def test_an_interface_that_is_down(attached):
    attached.inside("link", "set", "eth0", "down")

    assert "eth0" in attached.broken() and "down" in attached.broken()


def test_an_address_that_was_taken_away(attached):
    attached.inside("addr", "del", attached.address, "dev", "eth0")

    assert attached.address.split("/")[0] in attached.broken()


def test_a_route_that_was_taken_away(attached):
    attached.inside("route", "del", "default")

    assert "route" in attached.broken()


def test_another_mac(attached):
    attached.inside("link", "set", "eth0", "address", "02:00:00:00:00:99")

    assert "MAC" in attached.broken() or "02:00:00:00:00:99" in attached.broken()


def test_a_program_that_was_detached(attached, place):
    link = f"{PINS}/links/endpoint_{attached.device}"
    wait_until(lambda: place.host.run("test", "-e", link, check=False).code == 0, "the program to have a link")
    place.host.run("bpftool", "link", "detach", "pinned", link)

    said = attached.broken()

    assert attached.device in said and "program" in said


def test_no_entry_for_the_endpoint(attached, place):
    index = json.loads(place.host.run("ip", "-j", "link", "show", attached.device).out)[0]["ifindex"]

    attached.delete("fl_endpoints", lambda key: int.from_bytes(bytes(key), "little") == index)

    assert "fl_endpoints" in attached.broken()


def test_no_way_to_the_address(attached):
    attached.delete("fl_forward", lambda key: key[-4:] == attached.address_bytes())

    assert "fl_forward" in attached.broken()


def test_no_entry_for_the_published_port(attached):
    attached.delete("fl_ports")

    assert "8080" in attached.broken()


@pytest.mark.parametrize("attached", [LIMIT], indirect=True)
def test_no_entry_for_the_limits(attached):
    attached.delete("fl_rates")

    assert "fl_rates" in attached.broken()


@pytest.mark.parametrize("attached", [LIMIT], indirect=True)
def test_no_program_that_limits_what_comes_in(attached):
    """Once it is where it stays: it begins as a filter, and becomes a link a moment later."""
    pin = f"{PINS}/links/limit_{attached.device}"
    wait_until(lambda: attached.place.host.run("test", "-e", pin, check=False).code == 0, "the link")
    attached.place.host.run("bpftool", "link", "detach", "pinned", pin)

    assert "limits" in attached.broken()


def test_what_later_plugins_may_change_is_no_fault(attached):
    attached.inside("link", "set", "eth0", "mtu", "1400")
    attached.inside("link", "set", "eth0", "promisc", "on")
    attached.inside("addr", "add", "192.0.2.9/32", "dev", "eth0")
    attached.inside("route", "add", "192.0.2.128/25", "dev", "eth0")

    attached.check()


def test_an_attachment_that_was_never_made(place):
    config = single("net", subnet="10.91.0.0/24")
    known, stranger = place.sandbox("known"), place.sandbox("stranger")
    result = known.add(config)

    with pytest.raises(Refused):
        stranger.check(config, result)

    known.delete(config)


def test_all_is_well_again_after_the_daemon_has_started_anew(attached, place):
    """The namespace is known by more than the path that the runtime gave."""
    place.daemon.kill()
    place.daemon.start()

    attached.check()
