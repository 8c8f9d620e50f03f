"""One host with fairleadd and no engine; the tests speak Docker's protocol themselves."""

import os

import pytest
from fairlab import leftovers
from fairlab.cnm import Runtime
from fairlab.daemon import Daemon
from fairlab.host import Wire


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    return os.environ.get("FAIRLEAD_LOGS") or str(tmp_path_factory.mktemp("logs"))


class Lab:
    def __init__(self, logs, attach="auto", settings="", cgroup=None):
        self.wire = Wire()
        self.outside = self.wire.outside
        self.host = self.wire.host("node", 12)
        self.address, self.address6 = self.host.addresses
        self.daemon = Daemon(self.host, log=f"{logs}/fairleadd.log", docker="", cgroup=cgroup,
                             settings=f'attach = "{attach}"\n{settings}').start()
        self.runtime = Runtime(self.host)

    def links(self):
        words = (line.split()[1] for line in self.host.run("ip", "-o", "link").out.splitlines())
        return sorted(word.rstrip(":").split("@")[0] for word in words)

    def drops(self):
        """Packets by reason, with the names of bpf/shared/reason.h."""
        found = {}
        for row in self.daemon.json("drops"):
            found[row["name"]] = found.get(row["name"], 0) + row["packets"]
        return found

    def close(self):
        self.runtime.client.close()
        self.wire.close()


@pytest.fixture
def lab(logs, request):
    """A fresh host for each test: it takes less than a second, and no test sees another's traces.
    Parameter: the daemon's setting `attach`, or the settings of a Lab by name."""
    leftovers.clean()
    param = getattr(request, "param", "auto")
    lab = Lab(logs, **(param if isinstance(param, dict) else {"attach": param}))
    yield lab
    lab.close()
