"""What the command line shows, and what the maps say by themselves."""

import json
import os
import re

import pytest

from fairlab.daemon import PINS

NOUNS = ("status", "networks", "endpoints", "ports", "drops", "ipam")


@pytest.fixture
def busy(fairlead):
    one = fairlead.network("--subnet", "10.81.0.0/24", name="one")
    two = fairlead.network("--internal", "--subnet", "10.82.0.0/24", name="two")
    a = fairlead.up("a", one, "-p", "8080:80", "-p", "127.0.0.1:8081:80/udp")
    b = fairlead.up("b", two)
    fairlead.reaches("tcp", fairlead.address, 8080, seen_from=fairlead.outside)
    fairlead.reaches("ping", "198.18.0.1", seen_from=a)
    fairlead.reaches("tcp", "10.82.0.2", seen_from=a)
    b.run("ip", "route", "replace", "default", "via", "10.82.0.1")
    fairlead.reaches("ping", "198.18.0.1", seen_from=b)
    return a, b


@pytest.mark.usefixtures("busy")
def test_every_command_speaks_to_people_and_to_programs(fairlead):
    for noun in NOUNS:
        assert fairlead.daemon.cli(noun).out.strip()
        document = json.loads(fairlead.daemon.cli(noun, "-o", "json").out)
        assert "schema" in document


def test_networks_endpoints_and_ports_are_told_as_they_are(fairlead, busy):
    a, _ = busy

    networks = {row["ipv4"]["pool"]: row for row in fairlead.daemon.json("networks")}
    endpoints = {row["ipv4"]: row for row in fairlead.daemon.json("endpoints")}
    ports = {(row["protocol"], row["host_address"], row["host_port"]): row for row in fairlead.daemon.json("ports")}

    assert set(networks) == {"10.81.0.0/24", "10.82.0.0/24"}
    assert networks["10.82.0.0/24"]["internal"] is True
    mac = a.details["NetworkSettings"]["Networks"]["one"]["MacAddress"]
    assert [row["mac"] for key, row in endpoints.items() if key.startswith("10.81.0.2")] == [mac]
    tcp = ports["tcp", "0.0.0.0", 8080]
    assert (tcp["container_address"], tcp["container_port"]) == ("10.81.0.2", 80)
    assert ("udp", "127.0.0.1", 8081) in ports


@pytest.mark.usefixtures("busy")
def test_drops_are_told_with_network_and_reason(fairlead):
    seen = {row["name"] for row in fairlead.daemon.json("drops") if row["packets"] > 0}

    assert {"DROP_ISOLATED", "DROP_INTERNAL"} <= seen


@pytest.mark.usefixtures("busy")
def test_status_counts_and_is_well(fairlead):
    status = fairlead.daemon.json("status")

    assert (status["state"], status["networks"], status["endpoints"], status["joined"]) == ("ok", 2, 2, 2)
    assert "up0" in status["datapath"]["uplinks"]
    assert status["datapath"]["socket_hooks"] == "on"
    assert status["warnings"] == []
    assert any("published" in row["text"] and row["packets"] > 0 for row in status["forwarded"])


@pytest.mark.usefixtures("busy")
def test_bpftool_prints_the_field_names_of_every_map(fairlead):
    maps = []
    for folder, _, files in os.walk(fairlead.host.path(PINS)):
        inside = folder[len(fairlead.host.path("")):]
        maps += [f"{inside}/{name}" for name in files
                 if fairlead.host.run("bpftool", "map", "show", "pinned", f"{inside}/{name}", check=False).code == 0]

    assert len(maps) >= 10
    for path in maps:
        info = json.loads(fairlead.host.run("bpftool", "-j", "map", "show", "pinned", path).out)
        assert info.get("btf_id"), f"{path} has no BTF: {info}"
        # A large array would print for ever; the first entry says enough.
        dump = fairlead.host.run("sh", "-c", f"timeout 5 bpftool map dump pinned {path} 2>&1 | head -c 4000").out
        assert "key:" not in dump, f"{path} prints bytes, not fields:\n{dump[:400]}"
        assert not dump.startswith("[{") or re.search(r'"key":', dump), dump[:400]


def test_teardown_needs_no_daemon_and_leaves_nothing(fairlead, busy):
    a, b = busy
    fairlead.remove(a, b)
    fairlead.docker("network", "rm", "one", "two")
    fairlead.networks.clear()
    fairlead.daemon.stop()

    fairlead.daemon.teardown()

    assert [n for n in fairlead.links_now() if n.startswith("fl")] == []
    assert not os.path.exists(fairlead.host.path(PINS))
    assert "bpf" not in fairlead.host.run("tc", "filter", "show", "dev", "up0", "ingress").out
    fairlead.daemon.start()
    net = fairlead.network("--subnet", "10.81.0.0/24")
    fairlead.up("c", net, "-p", "8080:80")
    assert fairlead.reaches("tcp", fairlead.address, 8080, seen_from=fairlead.outside) == "c"
