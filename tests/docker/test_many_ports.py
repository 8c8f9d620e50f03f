"""A thousand published ports on one container. How long the daemon took is printed, and judged in bench/."""

import time

from fairlab import image


def test_a_thousand_ports_start_and_work(fairlead, record_property, capsys):
    net = fairlead.network("--subnet", "10.81.0.0/24")
    fairlead.docker("create", "--name", "box-a", "--hostname", "a", "--network", net, "-p", "20000-20999:20000-20999",
                    image.NAME, "/bin/tool", "serve", "tcp:20000-20999")
    fairlead.containers.append("box-a")
    cpu = fairlead.daemon.cpu_ms()

    started = time.monotonic()
    fairlead.docker("start", "box-a", timeout=60)
    took = (time.monotonic() - started) * 1000
    cpu = fairlead.daemon.cpu_ms() - cpu

    record_property("docker_start_ms", round(took))
    record_property("fairleadd_cpu_ms", round(cpu))
    with capsys.disabled():
        print(f"\n1000 ports: docker start {took:.0f} ms, of which fairleadd used {cpu:.0f} ms of CPU")
    ranges = fairlead.daemon.json("ports")
    assert len(ranges) in (1, 2)  # with IPv6 for the host itself
    assert {(each["host_port"], each["count"]) for each in ranges} == {(20000, 1000)}
    asked = {port: fairlead.reaches("tcp", fairlead.address, port, seen_from=fairlead.outside)
             for port in (20000, 20001, 20500, 20999)}
    assert set(asked.values()) == {"a"}
    fairlead.docker("rm", "-f", "box-a")
    assert fairlead.daemon.json("ports") == []
    assert fairlead.reaches("tcp", fairlead.address, 20500, seen_from=fairlead.outside) == "no"
