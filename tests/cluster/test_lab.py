"""scripts/lab with a cluster, as the README tells people to use it."""

import os

import pytest

from fairlab import cgroup, lab
from fairlab.host import PREFIX
from fairlab.process import wait_until


@pytest.fixture
def own_lab(monkeypatch, tmp_path):
    """The lab's code on names and folders of this test, beside a lab that may be up."""
    monkeypatch.setattr(lab, "STATE", str(tmp_path / "lab"))
    monkeypatch.setattr(lab, "PREFIX", f"{PREFIX}{os.getpid()}-lab-")
    yield lab
    lab.down()


def test_a_lab_of_two_hosts_shares_a_network(own_lab, capfd):
    assert own_lab.main(["up", "2"]) == 0
    pids = own_lab.hosts()

    assert own_lab.main(["exec", "h1", "docker", "network", "create", "-d", "fairlead", "--ipam-driver", "fairlead",
                         "net"]) == 0
    wait_until(lambda: own_lab.main(["exec", "h2", "docker", "network", "inspect", "net"]) == 0, "net to be on h2")
    assert own_lab.main(["exec", "h2", "docker", "run", "-d", "--name", "box", "--network", "net",
                         "fairlead-test"]) == 0
    capfd.readouterr()
    assert own_lab.main(["exec", "h2", "docker", "inspect", "-f", "{{.NetworkSettings.Networks.net.IPAddress}}",
                         "box"]) == 0
    address = capfd.readouterr().out.strip()
    assert own_lab.main(["exec", "h1", "docker", "run", "--rm", "--network", "net", "fairlead-test", "ping", "-c2",
                         address]) == 0
    assert own_lab.main(["exec", "h1", "fairlead", "peers"]) == 0
    assert own_lab.main(["exec", "etcd", "etcdctl", "get", "--prefix", "--keys-only", "/fairlead"]) == 0

    shown = capfd.readouterr().out
    assert own_lab.main(["down"]) == 0
    assert "2 packets received" in shown and "h2" in shown and "/fairlead/v1/default/meta" in shown
    assert set(pids) == {"switch", "outside", "etcd", "h1", "h2"}
    assert [pid for pid in pids.values() if os.path.exists(f"/proc/{pid}")] == []
    assert cgroup.trees(own_lab.PREFIX) == set()
