"""A store that takes nothing more."""

from fairlab.cluster import Cluster
from fairlab.process import wait_until


def test_a_store_without_space_is_told_and_what_runs_goes_on(logs):
    cluster = Cluster(f"{logs}/quota", 2, engines=False)
    h1 = cluster[0]
    try:
        cluster.etcd.stop()
        cluster.etcd.start(None, f"--quota-backend-bytes={4 << 20}")
        cluster.settle(40)
        junk = "x" * 100_000  # what a command line takes
        for number in range(100):
            if cluster.etcd.ctl("put", f"/other/{number % 2}", junk, check=False).code != 0:
                break

        wait_until(lambda: any("NOSPACE" in text for text in h1.status()["store_alarms"]), "the alarm to be told",
                   timeout=60, step=0.2)
        well = h1.cli("status", check=False).code
        shown = h1.cli("cluster", "status", check=False).out

        cluster.etcd.delete("/other/", prefix=True)
        cluster.etcd.compact()
        cluster.etcd.ctl("defrag")
        cluster.etcd.ctl("alarm", "disarm")
        assert well == 1 and "NOSPACE" in shown
        wait_until(lambda: not h1.status()["store_alarms"] and h1.connected(), "the alarm to be over", timeout=60,
                   step=0.2)
    finally:
        cluster.close()
