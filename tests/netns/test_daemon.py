"""The daemon itself: protocol, restarts, crashes, many endpoints, and what it leaves behind."""

import json
import os
import time

import pytest

from fairlab import image
from fairlab.cnm import Client, Refused, binding, key
from fairlab.continuous import Pings, Stream
from fairlab.daemon import PINS
from fairlab.engine import host_tool
from fairlab.process import wait_until

V4, V6 = "10.81.0.0/24", "2001:db8:81::/64"


def settled(lab):
    """Devices of containers whose program is where it costs packets least."""
    pins = os.listdir(lab.host.path(f"{PINS}/links"))
    return sorted(name.removeprefix("endpoint_") for name in pins if name.startswith("endpoint_"))


def test_the_protocol_is_docker_s(lab):
    client = Client(lab.host)

    assert client.call("Plugin.Activate")["Implements"] == ["NetworkDriver", "IpamDriver"]
    assert client.call("NetworkDriver.GetCapabilities")["Scope"] == "local"
    status, text = client.request("Plugin.Activate", b"")
    assert status == 200 and "Implements" in text
    status, text = client.request("NetworkDriver.CreateNetwork", b"")
    assert json.loads(text)["Err"], "an empty body is the retry of a lost request: refused"
    status, _ = client.request("NetworkDriver.Nonsense", {})
    assert status == 404
    status, text = client.request("NetworkDriver.Join", b"{ broken")
    assert json.loads(text)["Err"]
    client.close()


def test_every_verb_may_come_twice_or_never(lab):
    net = lab.runtime.network(V4)
    a = net.container("a", binding(8080, 80))
    call = lab.runtime.client.call
    before = lab.links()

    a.publish(binding(8080, 80))
    for _ in range(2):
        call("NetworkDriver.RevokeExternalConnectivity", NetworkID=net.key, EndpointID=a.key)
    a.publish(binding(8080, 80))
    for method in ("Leave", "DeleteEndpoint", "RevokeExternalConnectivity"):
        call(f"NetworkDriver.{method}", NetworkID=net.key, EndpointID=key(999))
    call("NetworkDriver.DeleteNetwork", NetworkID=key(998))
    assert lab.links() == before
    for _ in range(2):
        net.remove_endpoint(a.key)
    net.remove()
    net.remove()
    assert lab.daemon.json("networks") == []
    assert lab.daemon.json("ports") == []


def test_a_network_that_docker_removes_takes_its_endpoints_along(lab):
    """Docker forgets the network whatever the driver answers, and will never name its endpoints again."""
    before = lab.links()
    net = lab.runtime.network(V4)
    net.endpoint()
    net.endpoint()

    net.remove()

    assert [lab.daemon.json(what) for what in ("networks", "endpoints")] == [[], []]
    assert lab.links() == before


def test_a_failed_endpoint_leaves_nothing(lab):
    net = lab.runtime.network(V4)
    a = net.container("a")
    before = lab.links()

    with pytest.raises(Refused, match="10.81.0.2"):
        lab.runtime.client.call("NetworkDriver.CreateEndpoint", NetworkID=net.key, EndpointID=key(77), Options={},
                                Interface={"Address": "10.81.0.2/24", "AddressIPv6": "", "MacAddress": ""})

    assert lab.links() == before
    assert a.ping("10.81.0.1")


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_packets_flow_without_the_daemon_and_through_five_restarts(lab, how, tmp_path):
    net = lab.runtime.network(V4, V6)
    a, b = net.container("a", binding(8080, 80)), net.container("b")
    a.serve("80")
    pings = [Pings(b, to, 600, log=f"{tmp_path}/{n}")
             for n, to in enumerate((a.address, a.address6, "198.18.0.1", lab.wire.FAR_V6))]
    streams = [Stream(client, address, 8080, 7, log=f"{tmp_path}/stream{n}")
               for n, (client, address) in enumerate(((lab.outside, lab.address), (lab.outside, lab.address6),
                                                      (lab.host, "127.0.0.1")))]
    time.sleep(0.3)

    for _ in range(5):
        getattr(lab.daemon, how)()
        assert host_tool(lab.outside, "ask", "tcp", lab.address, "8080").endswith("198.18.0.1")
        assert host_tool(lab.host, "ask", "tcp", "127.0.0.1", "8080").endswith("10.81.0.1")
        lab.daemon.start()

    assert {ping.to: ping.lost() for ping in pings} == {ping.to: 0 for ping in pings}
    for stream in streams:
        assert stream.whole(), stream.text()
    lab.runtime.client.close()
    assert b.network.container("c").ping(a.address)


def test_what_died_while_the_daemon_was_away_is_cleaned_up(lab):
    net = lab.runtime.network(V4)
    a, b = net.container("a", binding(8080, 80)), net.container("b")
    lab.daemon.kill()
    a.holder.stop()
    wait_until(lambda: len(lab.links()) < 6, "the kernel to remove the veth", timeout=5)
    lab.daemon.start()

    wait_until(lambda: len(lab.daemon.json("endpoints")) == 1, "the endpoint to be forgotten", timeout=10)
    assert lab.daemon.json("ports") == []
    lab.host.run("sh", "-c", f"timeout 0.3 {image.tool()} serve tcp:8080", check=False)
    assert b.ping("10.81.0.1")


def test_a_held_port_is_taken_for_others_and_free_again(lab):
    net = lab.runtime.network(V4)
    a = net.container("a", binding(8080, 80))

    taken = lab.host.run(image.tool(), "serve", "tcp:8080", check=False, timeout=1)
    a.remove()
    free = lab.host.start(image.tool(), "serve", "tcp:8080", until="ready")

    assert "already in use" in taken.err
    # The wire is younger than a second, and its first packet may be lost: ask until it is answered.
    wait_until(lambda: host_tool(lab.outside, "ask", "tcp", lab.address, "8080") == "node 198.18.0.1",
               "the host's own server to be reached", timeout=5)
    with pytest.raises(Refused, match="8080"):
        net.container("b", binding(8080, 80))
    free.stop()


def test_new_addresses_and_uplinks_of_the_host_are_noticed(lab):
    net = lab.runtime.network(V4)
    a = net.container("a", binding(8080, 80))
    a.serve("80")

    lab.host.run("ip", "addr", "add", "198.18.0.77/24", "dev", "up0")

    wait_until(lambda: host_tool(lab.outside, "ask", "-t", "200", "tcp", "198.18.0.77", "8080").endswith("198.18.0.1"),
               "the new address to be published", timeout=5)
    wait_until(lambda: a.tool("ask", "-t", "200", "tcp", "198.18.0.77", "8080").endswith("10.81.0.1"),
               "the new address to be known inside", timeout=5)


def test_teardown_leaves_nothing(lab):
    before = lab.host.run("ip", "-o", "addr", "show", "up0").out.split("valid_lft")[0]
    net = lab.runtime.network(V4, V6)
    net.container("a", binding(8080, 80))
    net.container("b")
    lab.daemon.kill()

    lab.daemon.teardown()

    assert lab.links() == ["lo", "up0"]
    assert not os.path.exists(lab.host.path(PINS))
    assert lab.host.run("bpftool", "-j", "net", "show", "dev", "up0").out.count("fl_") == 0
    assert "tc_uplink" not in lab.host.run("bpftool", "net", "show").out
    assert lab.host.run("ip", "-o", "addr", "show", "up0").out.split("valid_lft")[0] == before
    assert lab.host.run("ip", "route", "show", "10.81.0.0/24").text == ""
    assert os.listdir(lab.host.path("/run/fairlead")) == []


def test_a_thousand_endpoints_come_and_go(lab, capsys, record_property):
    net = lab.runtime.network("10.80.0.0/16")
    took, made = [], []
    before = lab.links()

    begun = time.monotonic()
    for _ in range(1000):
        started = time.monotonic()
        made.append(net.endpoint()[0])
        took.append(time.monotonic() - started)
    made_all = time.monotonic() - begun
    resident = lab.daemon.resident_kib()
    begun = time.monotonic()
    for number in made:
        net.remove_endpoint(number)
    removed_all = time.monotonic() - begun

    median = sorted(took)[500] * 1000
    record_property("create_join_median_ms", round(median, 2))
    with capsys.disabled():
        print(f"\n1000 endpoints: made in {made_all:.1f} s (median {median:.2f} ms), removed in {removed_all:.1f} s,"
              f" fairleadd {resident // 1024} MiB resident")
    assert lab.daemon.json("endpoints") == []
    wait_until(lambda: lab.links() == before, "the devices to be gone", timeout=5)
    assert settled(lab) == []


def test_a_program_settles_while_packets_flow(lab, tmp_path):
    net = lab.runtime.network(V4)
    a, b = net.container("a"), net.container("b")
    ping = b.start("ping", "-q", "-i", "0.005", "-c", "600", a.address, log=f"{tmp_path}/ping")
    assert settled(lab) == []

    if lab.daemon.json("status")["datapath"]["attach_mode"] == "tcx":
        wait_until(lambda: len(settled(lab)) == 2, "both programs to settle", timeout=10)

    ping.popen.wait(30)
    assert " 600 received" in ping.tail()
    a.run(f"ip addr add 10.81.0.77/24 dev {a.device}")
    assert a.run("ping", "-c1", "-W1", "-I", "10.81.0.77", b.address, check=False).code != 0
    assert lab.drops().get("DROP_SPOOFED_SOURCE")


def test_devices_go_although_the_daemon_died_after_its_answer(lab):
    net = lab.runtime.network(V4)
    before = lab.links()
    numbers = [net.endpoint()[0] for _ in range(30)]
    wait_until(lambda: lab.daemon.json("status")["datapath"]["attach_mode"] != "tcx" or settled(lab),
               "a program to settle", timeout=10)

    for number in numbers:
        net.remove_endpoint(number)
    lab.daemon.kill()
    lab.daemon.start()

    assert lab.links() == before
    assert settled(lab) == []
    assert lab.daemon.json("endpoints") == []


def test_a_removed_endpoint_may_come_again_at_once(lab):
    net = lab.runtime.network(V4)
    call = lab.runtime.client.call
    for _ in range(20):
        call("NetworkDriver.CreateEndpoint", NetworkID=net.key, EndpointID=key(500), Options={},
             Interface={"Address": "10.81.0.9/24", "AddressIPv6": "", "MacAddress": ""})
        made = lab.links()
        call("NetworkDriver.DeleteEndpoint", NetworkID=net.key, EndpointID=key(500))
    call("NetworkDriver.CreateEndpoint", NetworkID=net.key, EndpointID=key(500), Options={},
         Interface={"Address": "10.81.0.9/24", "AddressIPv6": "", "MacAddress": ""})
    time.sleep(0.2)

    assert lab.links() == made, "what was removed took its successor along"


def test_two_daemons_do_not_share_a_host(lab):
    second = lab.host.run("sh", "-c", f"timeout 3 {lab.daemon.process.command[0]} --config /run/host/etc/fairlead.toml",
                          check=False)

    assert second.code not in (0, 124), "the second must say what is wrong and end"
    assert second.err.strip()
    assert lab.daemon.cli("status", check=False).code in (0, 1)


def test_a_wrong_setting_is_refused_with_its_line(lab):
    path = "/run/host/etc/bad.toml"
    with open(lab.host.path(path), "w", encoding="ascii") as file:
        file.write('state_dir = "/run/x"\nmut = 1400\n')

    done = lab.host.run(lab.daemon.process.command[0], "--config", path, check=False, timeout=5)

    assert done.code not in (0, 124)
    assert "bad.toml:2" in done.err + done.out and "mut" in done.err + done.out
