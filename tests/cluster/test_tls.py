"""The store by TLS with certificates on both sides, and several addresses of which one is dead."""

import pytest

from fairlab.certificates import Authority
from fairlab.cluster import Cluster


@pytest.fixture
def authority(tmp_path):
    return Authority(str(tmp_path / "authority"))


def test_hosts_with_certificates_form_a_cluster(logs, authority):
    certificate, key = authority.issue("host")
    cluster = Cluster(f"{logs}/tls", 2, engines=False, authority=authority, ca=authority.certificate, cert=certificate,
                      key=key)
    try:
        assert all(member.connected() for member in cluster)
        assert cluster.etcd.get()["/fairlead/v1/default/nodes/h2"]["vteps"][0] == cluster[1].address
        cluster.etcd.kill()
        cluster.etcd.start()
        cluster.settle(40)
    finally:
        cluster.close()


def test_a_host_whose_certificate_is_anothers_is_told_what_is_wrong(logs, authority, tmp_path):
    stranger = Authority(str(tmp_path / "stranger"))
    certificate, key = stranger.issue("host")
    cluster = Cluster(f"{logs}/stranger", 1, engines=False, authority=authority, ca=stranger.certificate,
                      cert=certificate, key=key, start=False)
    try:
        cluster[0].daemon.start()
        refused = cluster[0].join("init", check=False)
        assert refused.code != 0 and cluster.etcd.url() in refused.err
        assert "certificate" in refused.err.lower() or "tls" in refused.err.lower() or "ssl" in refused.err.lower()
    finally:
        cluster.close()


def test_a_dead_address_before_the_right_one_does_not_matter(logs):
    urls = ["http://198.18.0.77:2379", "http://198.18.0.2:2379"]
    cluster = Cluster(f"{logs}/failover", 2, engines=False, urls=urls)
    try:
        assert all(member.connected() and member.status()["etcd"] == urls for member in cluster)
    finally:
        cluster.close()
