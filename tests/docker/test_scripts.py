"""What the README tells people to type, as it stands in scripts/."""

import os
import subprocess

import pytest

from fairlab import cgroup, daemon, lab
from fairlab.host import PREFIX

SUPPORT = os.path.dirname(os.path.dirname(os.path.abspath(lab.__file__)))
QUICKSTART = ("/usr/bin/python3", "-m", "fairlab.quickstart")
SHOWN = ("bytes from", "<h1>a page from a container</h1>", "State:      ok", "8080", "quickstart-web",
         "container to container on this host", "Cleaned up")


def test_quickstart_with_an_engine_of_its_own_shows_all_and_leaves_nothing():
    done = subprocess.run([*QUICKSTART, "--own-engine"], capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, "PYTHONPATH": SUPPORT})

    assert done.returncode == 0, done.stdout + done.stderr
    assert [text for text in SHOWN if text not in done.stdout] == []


def test_quickstart_uses_the_engine_and_the_daemon_that_run(fairlead):
    fairlead.host.run("ln", "-sf", "/run/host/docker.sock", "/run/docker.sock")

    done = fairlead.host.run(*QUICKSTART, check=False, timeout=120,
                             env={"PYTHONPATH": SUPPORT, "PYTHONDONTWRITEBYTECODE": "1"})

    assert done.code == 0, done
    assert "Using this machine's Docker engine" in done.out
    assert [text for text in SHOWN if text not in done.out] == []
    assert fairlead.daemon.process.alive()


@pytest.fixture
def own_lab(monkeypatch, tmp_path):
    """The lab's code on names and folders of this test, beside a lab that may be up."""
    monkeypatch.setattr(lab, "STATE", str(tmp_path / "lab"))
    monkeypatch.setattr(lab, "PREFIX", f"{PREFIX}{os.getpid()}-lab-")
    yield lab
    lab.down()


def test_a_lab_comes_up_runs_commands_and_goes_down(own_lab, capfd):
    assert own_lab.main(["up", "1", "--no-cluster"]) == 0
    pids = own_lab.hosts()

    assert own_lab.main(["exec", "h1", "docker", "network", "create", "-d", "fairlead", "net"]) == 0
    assert own_lab.main(["exec", "h1", "docker", "run", "--rm", "--network", "net", "fairlead-test", "ping", "-c1",
                         "198.18.0.1"]) == 0
    assert own_lab.main(["exec", "h1", "fairlead", "networks"]) == 0
    assert own_lab.main(["exec", "h1", "false"]) == 1

    assert own_lab.main(["down"]) == 0
    assert "1 packets received" in capfd.readouterr().out
    assert set(pids) == {"switch", "outside", "h1"}
    assert [pid for pid in pids.values() if os.path.exists(f"/proc/{pid}")] == []
    assert cgroup.trees(own_lab.PREFIX) == set()
    assert not os.path.exists(own_lab.STATE)


def test_what_is_installed_runs_from_any_prefix(tmp_path):
    subprocess.run(["cmake", "--install", daemon.build_folder(), "--prefix", tmp_path], capture_output=True, check=True)

    for name in ("bin/fairlead", "sbin/fairleadd"):
        assert subprocess.run([tmp_path / name, "--help"], capture_output=True, check=False).returncode == 0
    assert subprocess.run([tmp_path / "sbin/fairleadd", "--check-config", "--config",
                           tmp_path / "share/doc/fairlead/fairlead.toml"], check=False).returncode == 0
    unit = (tmp_path / "lib/systemd/system/fairlead.service").read_text(encoding="utf-8")
    assert f"ExecStart={tmp_path}/sbin/fairleadd\n" in unit
