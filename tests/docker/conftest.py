"""Two hosts on one wire: one with Docker's bridge only, one with fairlead. Each test runs on both and
must see the same."""

import os

import pytest
from fairlab import leftovers
from fairlab.daemon import Daemon
from fairlab.engine import Engine
from fairlab.host import Wire
from fairlab.site import Site

NUMBERS = {"bridge": 11, "fairlead": 12}


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    return os.environ.get("FAIRLEAD_LOGS") or str(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="session")
def wire():
    leftovers.clean()
    wire = Wire()
    yield wire
    wire.close()


def open_site(driver, wire, logs):
    host = wire.host(driver, NUMBERS[driver])
    daemon = None
    if driver == "fairlead":
        daemon = Daemon(host, log=f"{logs}/fairleadd.log", settings="orphan_grace = 5").start()
    # The bridge driver of 20.10 filters and masquerades IPv6 only as an experiment.
    options = ["--experimental", "--ip6tables"] if driver == "bridge" else []
    engine = Engine(host, log=f"{logs}/dockerd-{driver}.log", options=options).start()
    engine.import_image()
    return Site(driver, wire, host, engine, daemon)


@pytest.fixture(scope="session")
def open_sites(wire, logs):
    """One site a driver, opened when first wanted; a driver that does not start fails once, and fast."""
    sites = {}

    def get(driver):
        if driver not in sites:
            try:
                sites[driver] = open_site(driver, wire, logs)
            except Exception as error:  # noqa: BLE001 - told again to each test that needs it
                sites[driver] = error
        if isinstance(sites[driver], Exception):
            pytest.fail(f"no host with {driver}: {sites[driver]}")
        return sites[driver]

    return get


@pytest.fixture(params=["bridge", "fairlead"])
def site(request, open_sites):
    yield from clean_site(open_sites(request.param))


@pytest.fixture
def fairlead(open_sites):
    """For what Docker's bridge has not, or cannot."""
    yield from clean_site(open_sites("fairlead"))


def clean_site(site):
    yield site
    left = site.clean()
    assert not left, f"left behind: {left}"
