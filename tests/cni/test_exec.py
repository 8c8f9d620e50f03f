"""The plugin by plain exec: what no packaged runtime does yet (GC, STATUS), and what it answers when things fail."""

import pytest
from fairlab import cni
from fairlab.cni import Refused, single
from fairlab.daemon import API
from fairlab.process import wait_until

NET = {"subnet": "10.91.0.0/24"}
AGAIN, UNREACHABLE, EXHAUSTED, CONFLICT, NOT_READY = 11, 100, 101, 105, 50


@pytest.fixture
def config():
    return single("net", version="1.1.0", **NET)


def refused(run, *words, **more):
    with pytest.raises(Refused) as caught:
        run(*words, **more)
    return caught.value


def valid(*boxes):
    return {"cni.dev/valid-attachments": [{"containerID": box.id, "ifname": "eth0"} for box in boxes]}


def test_the_result_says_what_was_made(place, config):
    a = place.sandbox("a")

    result = a.add(config)

    host, inside = result["interfaces"]
    assert result["cniVersion"] == "1.1.0"
    assert "sandbox" not in host and host["name"] in place.links_now()
    assert inside == {"name": "eth0", "mac": a.interfaces()["eth0"]["mac"], "mtu": 1500, "sandbox": a.netns}
    assert result["ips"] == [{"address": a.interfaces()["eth0"]["addresses"][0], "gateway": "10.91.0.1",
                              "interface": 1}]
    a.delete(config)


def test_status_says_whether_an_add_could_be_served(place, config):
    assert cni.call(place.host, "STATUS", config) is None

    place.daemon.kill()
    away = refused(cni.call, place.host, "STATUS", config)
    place.daemon.start()

    assert away.code == NOT_READY
    assert cni.call(place.host, "STATUS", config) is None


def test_without_a_daemon_each_verb_says_so(place, config):
    a = place.sandbox("a")
    result = a.add(config)
    place.daemon.kill()

    b = place.sandbox("b")
    add, check = refused(b.add, config), refused(a.check, config, result)
    versions = cni.call(place.host, "VERSION", config)
    a.delete(config)  # remembered for the daemon
    waiting = place.tombstones()
    place.daemon.start()

    assert (add.code, check.code) == (AGAIN, UNREACHABLE)
    assert API in add.message or "fairleadd" in add.message
    assert {"0.3.1", "0.4.0", "1.0.0", "1.1.0"} == set(versions["supportedVersions"])
    assert len(waiting) == 1
    assert place.settled() == []


def test_collecting_removes_what_is_not_named_and_nothing_else(place, config):
    a, b, c = (place.sandbox(name) for name in "abc")
    other = single("other", version="1.1.0", subnet="10.92.0.0/24")
    for box in (a, b):
        box.add(config)
    c.add(other)

    cni.call(place.host, "GC", {**config, **valid(a)})

    assert set(place.by_address()) == {a.address(), c.address()}
    assert b.interfaces() == {}
    a.delete(config)
    c.delete(other)


def test_collecting_with_an_empty_list_removes_all_of_the_network(place, config):
    for name in "abc":
        place.sandbox(name).add(config)

    cni.call(place.host, "GC", {**config, **valid()})

    assert place.daemon.json("endpoints") == []


def test_delete_needs_no_namespace_and_may_come_again(place, config):
    a = place.sandbox("a")
    a.add(config)

    for _ in range(2):
        a.delete(config, netns="")

    assert place.daemon.json("endpoints") == []


def test_delete_uses_what_was_stored_and_not_what_the_list_says_now(place, config):
    a = place.sandbox("a")
    a.add(config, **{})

    a.delete(single("net", version="1.1.0", network="elsewhere", subnet="10.99.0.0/24"))

    assert place.daemon.json("endpoints") == []


def test_the_same_attachment_twice_is_an_error_and_the_first_lives_on(place, config):
    a = place.sandbox("a")
    result = a.add(config)

    again = refused(a.add, config)

    assert "eth0" in again.message or "attached" in again.message
    assert a.check(config, result) is None
    a.delete(config)


def test_a_container_whose_namespace_has_gone_is_forgotten(place, config):
    a, b = place.sandbox("a"), place.sandbox("b")
    a.add(single("net", version="1.1.0", runtime={"portMappings": [
        {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}, **NET))
    b.add(config)

    a.end()

    wait_until(lambda: len(place.daemon.json("endpoints")) == 1, "the endpoint of the dead container to go", timeout=20)
    assert place.daemon.json("ports") == []
    b.delete(config)


def test_what_died_while_the_daemon_was_away_is_gone_after_its_start(place, config):
    a, b = place.sandbox("a"), place.sandbox("b")
    a.add(config)
    b.add(config)

    place.daemon.kill()
    a.end()
    place.daemon.start()

    wait_until(lambda: len(place.daemon.json("endpoints")) == 1, "the endpoint of the dead container to go", timeout=20)
    b.delete(config)


def test_all_addresses_used_is_an_error_of_its_own(place):
    config = single("small", version="1.1.0", subnet="10.93.0.0/29")
    made = []
    for n in range(5):
        made.append(place.sandbox(f"a{n}"))
        made[-1].add(config)

    full = refused(place.sandbox("b").add, config)

    assert full.code == EXHAUSTED and "10.93.0.0/29" in full.message
    for box in made:
        box.delete(config)


def test_an_address_in_use_is_a_conflict_that_names_it(place, config):
    a, b = place.sandbox("a"), place.sandbox("b")
    wanted = single("net", version="1.1.0", runtime={"ips": ["10.91.0.40/24"]}, **NET)
    a.add(wanted)

    taken = refused(b.add, wanted)

    assert taken.code == CONFLICT and "10.91.0.40" in taken.message
    a.delete(wanted)


def test_an_add_on_the_hosts_own_namespace_is_refused(place, config):
    a = place.sandbox("a")
    before = place.links_now()

    for netns in ("/proc/1/ns/net", "/proc/self/ns/net"):
        assert refused(a.add, config, netns=netns).code == 8
    assert place.links_now() == before
