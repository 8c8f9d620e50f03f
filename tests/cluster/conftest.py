"""Several hosts that share networks, each with a real engine, and a real etcd."""

import os

import pytest
from fairlab import leftovers
from fairlab.cluster import Cluster


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    leftovers.clean()
    return os.environ.get("FAIRLEAD_LOGS") or str(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="session")
def three_hosts(logs):
    cluster = Cluster(f"{logs}/three", 3)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def cluster(three_hosts):
    """Three hosts that other files use as well: what the tests of one make on them goes with it."""
    yield three_hosts
    left = three_hosts.clean()
    assert not left, f"left behind: {left}"
