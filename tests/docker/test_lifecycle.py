"""Restarts and crashes of containers, of the engine and of the driver, while packets flow."""

import re
import signal
import time

import pytest

from fairlab import image
from fairlab.daemon import PLUGIN, program
from fairlab.engine import Container
from fairlab.process import wait_until


@pytest.fixture
def app(site):
    net = site.network("--subnet", "10.81.0.0/24")
    a = site.up("a", net, "-p", "8080:80", "-p", "8080:80/udp", "--restart", "always")
    return a, site.up("b", net)


def works(site):
    """What must be so before and after: inside, to the outside, and by the published port."""
    b = Container(site.engine, "box-b")
    a = site.engine.inspect("box-a")["NetworkSettings"]["Networks"]["net"]["IPAddress"]
    return {
        "inside": site.reaches("tcp", a, seen_from=b),
        "outward": site.reaches("ping", "198.18.0.1", seen_from=b),
        "published": site.ask("tcp", site.address, 8080, seen_from=site.outside),
        "published, udp": site.ask("udp", site.address, 8080, seen_from=site.outside),
        "published, loopback": site.ask("tcp", "127.0.0.1", 8080, seen_from=site.host),
    }


WORKING = {
    "inside": "a",
    "outward": "yes",
    "published": "a 198.18.0.1",
    "published, udp": "a 198.18.0.1",
    "published, loopback": "a 10.81.0.1",
}


@pytest.mark.usefixtures("app")
def test_a_restarted_container_is_published_again(site):
    assert works(site) == WORKING

    for _ in range(3):
        site.docker("restart", "-t", "0", "box-a")
    wait_until(lambda: site.reaches("tcp", "127.0.0.1", 8080, seen_from=site.host) == "a", "the server to come back")

    assert works(site) == WORKING


@pytest.mark.usefixtures("app")
def test_a_container_that_died_is_published_again(site):
    pid = site.engine.inspect("box-a")["State"]["Pid"]
    site.host.run("kill", "-9", pid)
    wait_until(lambda: site.engine.inspect("box-a")["State"]["Pid"] not in (0, pid), "the engine to restart it")
    wait_until(lambda: site.reaches("tcp", "127.0.0.1", 8080, seen_from=site.host) == "a", "the server to come back")

    assert works(site) == WORKING


@pytest.mark.usefixtures("app")
def test_a_clean_restart_of_the_engine_brings_all_back(site):
    site.engine.stop()
    site.engine.start()
    site.docker("start", "box-b")
    wait_until(lambda: site.reaches("tcp", "127.0.0.1", 8080, seen_from=site.host) == "a", "the server to come back")

    assert works(site) == WORKING


def test_a_socket_held_by_systemd_starts_the_daemon_on_the_first_call(fairlead):
    """The socket is there before the daemon, so an engine that starts first waits instead of failing."""
    net = fairlead.network("--subnet", "10.81.0.0/24")
    fairlead.daemon.stop()
    waiting = fairlead.host.start("systemd-socket-activate", "-l", PLUGIN, program("fairleadd"), "--config",
                                  "/run/host/etc/fairlead.toml", log=fairlead.daemon.log)
    wait_until(lambda: fairlead.host.run("test", "-S", PLUGIN, check=False).code == 0, "the socket")
    assert fairlead.daemon.cli("status", check=False).code == 2, "nothing has called yet"

    a = fairlead.up("a", net)

    assert a.address(net).startswith("10.81.0.")
    assert [row["name"] for row in fairlead.daemon.json("networks")]
    fairlead.docker("rm", "-f", "box-a")
    waiting.stop(signal.SIGTERM)
    fairlead.daemon.start()


@pytest.mark.usefixtures("app")
def test_a_killed_engine_brings_all_back(site):
    site.engine.kill()
    # Without live-restore the next engine ends what still runs, and starts what shall always run.
    site.engine.start()
    site.docker("start", "box-b")
    wait_until(lambda: site.reaches("tcp", "127.0.0.1", 8080, seen_from=site.host) == "a", "the server to come back")

    assert works(site) == WORKING


@pytest.fixture
def running(fairlead):
    net = fairlead.network("--subnet", "10.81.0.0/24")
    a = fairlead.up("a", net, "-p", "8080:80", "-p", "8080:80/udp")
    return a, fairlead.up("b", net)


def lost(ping_output):
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", ping_output).groups())
    assert sent > 100
    return sent - received


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_driver_may_go_and_come_back_without_a_packet_lost(fairlead, running, how, tmp_path):
    site, (a, b) = fairlead, running
    inside = b.start("ping", "-q", "-i", "0.01", "-c", "400", a.address("net"), log=f"{tmp_path}/inside")
    outward = b.start("ping", "-q", "-i", "0.01", "-c", "400", "198.18.0.1", log=f"{tmp_path}/outward")
    stream = site.outside.start(image.tool(), "stream", "-t", "5000", site.address, "8080", log=f"{tmp_path}/stream")
    time.sleep(0.5)

    getattr(site.daemon, how)()
    while_away = works(site)
    site.daemon.start()

    assert while_away == WORKING
    assert inside.popen.wait(20) == 0 and outward.popen.wait(20) == 0 and stream.popen.wait(20) == 0
    assert (lost(inside.tail()), lost(outward.tail())) == (0, 0)
    assert stream.tail().startswith("kept ")
    assert works(site) == WORKING
    site.up("c", "net", "-p", "8081:80")
    assert site.reaches("tcp", site.address, 8081, seen_from=site.outside) == "c"


def test_a_container_that_went_while_the_driver_was_away_is_forgotten(fairlead, running):
    site, (a, _) = fairlead, running
    site.daemon.kill()
    site.host.run("kill", "-9", a.pid)
    wait_until(lambda: not site.engine.inspect("box-a")["State"]["Running"], "the engine to notice", timeout=60)
    site.daemon.start()

    # Docker has moved the link back to the host and told nobody: only its API says that the endpoint is over.
    wait_until(lambda: len(site.daemon.json("endpoints")) == 1, "the endpoint to be forgotten", timeout=40)
    site.docker("start", "box-a", timeout=60)
    assert works(site) == WORKING


def test_a_network_can_only_go_when_it_is_empty_and_then_goes_wholly(site):
    net = site.network("--subnet", "10.81.0.0/24")
    a = site.up("a", net)

    error = site.refused("network", "rm", net)
    assert "active endpoints" in error

    site.remove(a)
    site.docker("network", "rm", net)
    site.network("--subnet", "10.81.0.0/24", name="again")
    b = site.up("b", "again")
    assert b.address("again").startswith("10.81.0.")


def test_a_stopped_container_keeps_nothing_and_gets_all_back(site, app):
    a, b = app
    site.docker("stop", "-t", "0", a.name)
    assert site.reaches("tcp", site.address, 8080, seen_from=site.outside) == "no"
    assert site.reaches("ping", "10.81.0.2", seen_from=b) == "no"

    site.docker("start", a.name)
    wait_until(lambda: site.reaches("tcp", "127.0.0.1", 8080, seen_from=site.host) == "a", "the server to come back")
    assert works(site) == WORKING
