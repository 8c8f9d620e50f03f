"""Rate limits: right within 5 in 100 on every way into and out of a container, and nobody else's business."""

import pytest
from fairlab.cnm import binding
from fairlab.rates import PORT, Receiver, has_fq, measure, put_fq, send

LIMIT = 8_000_000  # bit/s
OFFERED = 2 * LIMIT

OUT = {"fairlead__rate__egress": "8mbit"}
IN = {"fairlead__rate__ingress": "8mbit"}


@pytest.fixture
def net(lab):
    return lab.runtime.network("10.85.0.0/24", "2001:db8:85::/64")


def assert_right(rate, limit=LIMIT):
    assert 0.95 <= rate / limit <= 1.05, f"{rate / 1e6:.2f} Mbit/s, not {limit / 1e6:.2f}"


def assert_no_faster(rate):
    """Where nothing waits, TCP loses and slows down: then the limit is what it never passes."""
    assert 0.4 <= rate / LIMIT <= 1.05, f"{rate / 1e6:.2f} Mbit/s"


def assert_tcp_in(host, rate):
    """Into a container: its device has a queue, if there is one to have."""
    assert_right(rate) if has_fq(host) else assert_no_faster(rate)


# --- what a container sends ---------------------------------------------------------

def test_datagrams_to_a_neighbour(lab, net):
    a, b = net.container("a", **OUT), net.container("b")

    assert_right(measure(a, b, "udp", b.address, OFFERED))
    assert lab.drops()["DROP_RATE"] > 1000


def test_tcp_to_a_neighbour(net):
    """No queue on this way, so it only is no faster."""
    a, b = net.container("a", **OUT), net.container("b")

    assert_no_faster(measure(a, b, "tcp", b.address))


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_masqueraded_out_of_an_uplink_without_fq(lab, net, kind):
    a = net.container("a", **OUT)

    rate = measure(a, lab.outside, kind, lab.wire.FAR_V4, OFFERED)
    assert_right(rate) if kind == "udp" else assert_no_faster(rate)


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_masqueraded_out_of_an_uplink_with_fq(lab, net, kind):
    """On a kernel that has none, as without."""
    fq = has_fq(lab.host)
    if fq:
        put_fq(lab.host, "up0")
    a = net.container("a", **OUT)

    rate = measure(a, lab.outside, kind, lab.wire.FAR_V4, OFFERED)

    assert_right(rate) if fq or kind == "udp" else assert_no_faster(rate)


def test_answers_of_a_published_port(lab, net):
    a = net.container("a", binding(8080, PORT, protocol=17), **OUT)
    send(a, "answer", "0.0.0.0", OFFERED, until="ready")
    asking = Receiver(lab.outside, "udp", ask=lab.address, port=8080)

    assert_right(asking.rate())


def test_datagrams_to_the_host(lab, net):
    a = net.container("a", **OUT)

    assert_right(measure(a, lab.host, "udp", "10.85.0.1", OFFERED))


# --- what a container receives ------------------------------------------------------

@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_from_a_neighbour(lab, net, kind):
    a, b = net.container("a"), net.container("b", **IN)

    rate = measure(a, b, kind, b.address, OFFERED)
    assert_right(rate) if kind == "udp" else assert_tcp_in(lab.host, rate)
    if kind == "udp":
        assert lab.drops()["DROP_RATE"] > 1000


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_from_the_host(lab, net, kind):
    b = net.container("b", **IN)

    rate = measure(lab.host, b, kind, b.address, OFFERED)
    assert_right(rate) if kind == "udp" else assert_tcp_in(lab.host, rate)


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_from_outside_to_a_published_port(lab, net, kind):
    b = net.container("b", binding(8080, PORT, protocol=17 if kind == "udp" else 6), **IN)

    rate = measure(lab.outside, b, kind, lab.address, OFFERED, to_port=8080)
    assert_right(rate) if kind == "udp" else assert_tcp_in(lab.host, rate)


def test_from_a_neighbour_to_a_published_port(lab, net):
    a, b = net.container("a"), net.container("b", binding(8080, PORT, protocol=17), **IN)

    assert_right(measure(a, b, "udp", lab.address, OFFERED, to_port=8080))


def test_answers_from_outside(lab, net):
    b = net.container("b", **IN)
    send(lab.outside, "answer", "0.0.0.0", OFFERED, until="ready")

    assert_right(Receiver(b, "udp", ask=lab.outside.addresses[0]).rate())


def test_copies_of_broadcasts(net):
    a, b = net.container("a"), net.container("b", **IN)

    assert_right(measure(a, b, "udp", "10.85.0.255", OFFERED))


@pytest.mark.parametrize("lab", [{"settings": "[publish]\nhost_rules = true\n"}], indirect=True)
def test_through_the_hosts_own_rules(lab, net):
    lab.host.run("sysctl -qw net.ipv4.ip_forward=1")
    b = net.container("b", binding(8080, PORT, protocol=17), **IN)

    assert_right(measure(lab.outside, b, "udp", lab.address, OFFERED, to_port=8080))


# --- whose limit --------------------------------------------------------------------

@pytest.mark.parametrize("lab", ["auto", "clsact"], indirect=True)
def test_others_have_none(lab, net):
    a, b = net.container("a", **OUT, **IN), net.container("b")
    c, d = net.container("c"), net.container("d")
    send(a, "udp", b.address, OFFERED)
    send(b, "udp", a.address, OFFERED)

    five_times = 5 * LIMIT
    assert_right(measure(c, d, "udp", d.address, five_times), five_times)


def test_a_networks_limit_is_each_containers_unless_it_has_its_own(lab):
    net = lab.runtime.network("10.86.0.0/24", **{"fairlead__rate__egress": "4mbit"})
    a, b, c = net.container("a"), net.container("b", **OUT), net.container("c")

    sending = send(b, "udp", c.address, OFFERED, port=PORT + 1)
    assert_right(measure(a, c, "udp", c.address, OFFERED), 4_000_000)
    sending.stop()
    assert_right(measure(b, c, "udp", c.address, OFFERED))
    shown = {row["ipv4"].split("/")[0]: row["rate"] for row in lab.daemon.json("endpoints")}
    assert shown[a.address] == {"egress": 4_000_000, "ingress": 0, "egress_burst": 0, "ingress_burst": 0}
    assert shown[b.address]["egress"] == LIMIT
    assert "out 4mbit" in lab.daemon.cli("endpoints").out


def test_limits_outlive_the_daemon(lab, net):
    a, b = net.container("a", **OUT), net.container("b", **IN)
    c = net.container("c")

    lab.daemon.stop()
    assert_right(measure(a, c, "udp", c.address, OFFERED))
    lab.daemon.start()
    assert_right(measure(a, c, "udp", c.address, OFFERED))
    assert_right(measure(c, b, "udp", b.address, OFFERED))


def test_no_shortcut_leads_past_a_limit(lab):
    net = lab.runtime.network("10.86.0.0/24", fairlead__shortcut="true")
    a, b, c = net.container("a", **OUT), net.container("b", **IN), net.container("c")

    for sender, receiver in ((a, c), (c, b)):
        assert measure(sender, receiver, "tcp", receiver.address) <= 1.05 * LIMIT
    assert not [row for row in lab.daemon.json("status")["forwarded"] if row["name"] == "FORWARD_SHORTCUT"]


def test_wrong_limits_are_refused_by_name(net):
    with pytest.raises(Exception, match="fairlead.rate.egress.*is not a rate from 1kbit"):
        net.container("a", fairlead__rate__egress="fast")
