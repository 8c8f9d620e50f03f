"""One host with fairleadd, whose containers come by CNI: from podman, containerd, libcni, or by plain exec."""

import os

import pytest
from fairlab import leftovers
from fairlab.cni_host import CniHost
from fairlab.containerd import Containerd
from fairlab.host import Wire
from fairlab.podman import PodmanHost


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    leftovers.clean()
    return os.environ.get("FAIRLEAD_LOGS") or str(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def open_place(logs, request):
    wire = Wire()
    try:
        yield CniHost.make(wire, f"{logs}/{request.module.__name__}-fairleadd.log")
    finally:
        wire.close()


@pytest.fixture(scope="module")
def open_podman(open_place):
    return PodmanHost.of(open_place)


@pytest.fixture(scope="module")
def open_containerd(open_place, logs, request):
    return Containerd(open_place.host, log=f"{logs}/{request.module.__name__}-containerd.log").start()


def clean_after(place):
    yield place
    left = place.clean()
    assert not left, f"left behind: {left}"


@pytest.fixture
def place(open_place):
    """A host for plain exec and libcni."""
    yield from clean_after(open_place)


@pytest.fixture
def podman(open_podman):
    """A host with podman; a Site, as the tests of Docker have it."""
    yield from clean_after(open_podman)


@pytest.fixture
def containerd(open_containerd, place):
    return open_containerd
