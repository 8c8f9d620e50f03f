"""`fairlead cni install`: from the command to a container on the network."""

import json

import pytest
from fairlab import cni
from fairlab.daemon import program

FOLDERS = (f"--dir={cni.CONFIG}", f"--bin-dir={cni.PLUGINS}")


@pytest.fixture
def installed(podman):
    """As on a machine that never had the plugin."""
    podman.host.run("rm", f"{cni.PLUGINS}/{cni.TYPE}")
    podman.daemon.cli("cni", "install", "--name", "web", "--subnet", "10.91.0.0/24", f"--binary={program(cni.TYPE)}",
                      *FOLDERS)
    yield podman
    podman.stop_containers()
    podman.daemon.cli("cni", "uninstall", "--name", "web", *FOLDERS, check=False)
    podman.host.run("ln", "-sf", program(cni.TYPE), f"{cni.PLUGINS}/{cni.TYPE}")


def lists(podman):
    return [name for name in podman.host.run("ls", cni.CONFIG).out.split() if name.endswith(".conflist")]


def test_podman_uses_an_installed_network(installed):
    a = installed.up("a", "web", "-p", "8080:80")

    shown = json.loads(installed.daemon.cli("cni", "show", "-o", "json", *FOLDERS).out)

    assert a.address("web").startswith("10.91.0.")
    assert installed.reaches("tcp", installed.address, 8080, seen_from=installed.outside) == "a"
    assert "web" in json.dumps(shown)
    assert "web" in installed.docker("network", "ls", "--format", "{{.Name}}").out.split()


def test_uninstall_takes_the_list_away(installed):
    assert len(lists(installed)) == 1

    installed.daemon.cli("cni", "uninstall", "--name", "web", *FOLDERS)

    assert lists(installed) == []


def test_without_a_daemon_nothing_is_installed(podman):
    podman.daemon.kill()

    done = podman.daemon.cli("cni", "install", "--name", "late", f"--binary={program(cni.TYPE)}", *FOLDERS, check=False)
    podman.daemon.start()

    assert done.code != 0 and lists(podman) == []
