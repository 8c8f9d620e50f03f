"""Ranges of thousands of ports are one entry a family, whatever Docker makes of them."""

import time

from fairlab import image

UDP = "20000-24999"
SERVED = ("udp:20000-20001", "udp:22500", "udp:24999", "tcp:21000", "tcp:22000", "tcp:22999")


def entries(site):
    return sorted((each["protocol"], each["host_address"], each["host_port"], each["count"])
                  for each in site.daemon.json("ports"))


def up(site, name, net, *options, serves):
    return site.up(name, net, *options, command=("/bin/tool", "serve", *serves))


def reached(site, protocol, port, *, by=None):
    """Who answers from outside, and to a process of the host."""
    address = by or site.address
    return {site.reaches(protocol, address, port, seen_from=site.outside),
            site.reaches(protocol, address, port, seen_from=site.host)}


def test_thousands_of_udp_and_tcp_ports_are_one_entry_a_family(fairlead, capsys, record_property):
    net = fairlead.network("--subnet", "10.81.0.0/24")
    fairlead.docker("create", "--name", "box-a", "--hostname", "a", "--network", net, "-p", f"{UDP}:{UDP}/udp",
                    "-p", "21000-22999:21000-22999", image.NAME, "/bin/tool", "serve", *SERVED, timeout=120)
    fairlead.containers.append("box-a")
    before, started = cpu_ms(fairlead), time.monotonic()

    fairlead.docker("start", "box-a", timeout=300)

    took, cpu = (time.monotonic() - started) * 1000, cpu_ms(fairlead) - before
    record_property("fairleadd_cpu_ms", round(cpu))
    with capsys.disabled():
        print(f"\n7000 ports in 2 ranges: docker start {took:.0f} ms, of which fairleadd used {cpu:.0f} ms of CPU")
    found = entries(fairlead)
    assert {(protocol, first, count) for protocol, _, first, count in found} == \
        {("udp", 20000, 5000), ("tcp", 21000, 2000)}
    assert len(found) in (2, 4)  # with IPv6 for the host itself
    assert map_entries(fairlead, "fl_ports") == len(found)
    assert {port: reached(fairlead, "udp", port) for port in (20000, 22500, 24999)} == \
        {port: {"a"} for port in (20000, 22500, 24999)}
    assert {port: reached(fairlead, "tcp", port) for port in (21000, 22000, 22999)} == \
        {port: {"a"} for port in (21000, 22000, 22999)}

    fairlead.docker("rm", "-f", "box-a", timeout=300)
    assert entries(fairlead) == []
    assert map_entries(fairlead, "fl_ports") == 0
    assert reached(fairlead, "udp", 22500) == {"no"}


def test_two_containers_share_port_numbers_on_two_addresses(fairlead):
    net = fairlead.network("--subnet", "10.81.0.0/24")
    second = f"{fairlead.address[:-2]}2{fairlead.address[-1]}"
    fairlead.host.run("ip", "addr", "add", f"{second}/24", "dev", "up0")
    try:
        up(fairlead, "a", net, "-p", f"{fairlead.address}:8000-8009:8000-8009", serves=("tcp:8000-8009",))
        up(fairlead, "b", net, "-p", f"{second}:8005-8014:8005-8014", serves=("tcp:8005-8014",))

        seen = {(address, port): reached(fairlead, "tcp", port, by=address)
                for address in (fairlead.address, second) for port in (8000, 8005, 8009, 8014)}
        fairlead.docker("rm", "-f", "box-b")
        left = {port: reached(fairlead, "tcp", port) for port in (8004, 8005, 8009)}
    finally:
        fairlead.host.run("ip", "addr", "del", f"{second}/24", "dev", "up0")

    first = fairlead.address
    assert seen == {(first, 8000): {"a"}, (first, 8005): {"a"}, (first, 8009): {"a"}, (first, 8014): {"no"},
                    (second, 8000): {"no"}, (second, 8005): {"b"}, (second, 8009): {"b"}, (second, 8014): {"b"}}
    assert left == {8004: {"a"}, 8005: {"a"}, 8009: {"a"}}


def map_entries(site, name):
    return next(each["used"] for each in site.daemon.json("status")["maps"] if each["name"] == name)


def cpu_ms(site):
    """What the daemon has used so far, all threads (see test_many_ports)."""
    with open(f"/proc/{site.daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 10
