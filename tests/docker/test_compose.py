"""docker-compose: web, application and a database-like service on two networks."""

import pytest

from fairlab import image
from fairlab.process import wait_until

FILE = """
version: "3.8"
services:
  web:
    image: {image}
    ports: ["8080:80"]
    networks: [front]
    depends_on: [app]
  app:
    image: {image}
    networks: [front, back]
    depends_on: [db]
  db:
    image: {image}
    command: ["/bin/tool", "serve", "tcp:5432"]
    networks:
      back:
        aliases: [database]
networks:
  front:
    driver: {driver}
    ipam: {{config: [{{subnet: 10.81.0.0/24}}]}}
  back:
    driver: {driver}
    internal: true
    ipam: {{config: [{{subnet: 10.82.0.0/24}}]}}
"""


@pytest.fixture
def compose(site):
    if site.engine.host.run("docker-compose", "version", check=False).code != 0:
        pytest.skip("docker-compose is missing")
    path = "/run/host/compose.yml"
    with open(site.host.path(path), "w", encoding="ascii") as file:
        file.write(FILE.format(image=image.NAME, driver=site.driver))

    def run(*arguments, **options):
        return site.engine.compose("-p", "shop", "-f", path, *arguments, timeout=120, **options)

    yield run
    run("down", "-t", "0", check=False)


def from_service(compose, service, *command):
    return compose("exec", "-T", service, *command, check=False).text


def test_it_comes_up_scales_restarts_and_goes_down(site, compose):
    before = site.links_now()
    compose("up", "-d")

    page = site.reaches("tcp", site.address, 8080, seen_from=site.outside)
    assert page not in ("no", site.host.name)
    app = from_service(compose, "app", "hostname")
    database = from_service(compose, "db", "hostname")
    assert from_service(compose, "web", "sh", "-c", "nc -w1 app 80 </dev/null").split()[0] == app
    assert from_service(compose, "app", "sh", "-c", "nc -w1 database 5432 </dev/null").split()[0] == database
    hidden = from_service(compose, "web", "sh", "-c", "nc -w1 database 5432 </dev/null")
    assert hidden in ("", "nc: bad address 'database'")

    compose("up", "-d", "--scale", "app=3")
    assert len(compose("ps", "-q", "app").out.split()) == 3
    found = from_service(compose, "web", "nslookup", "app", "127.0.0.11")
    assert found.count("10.81.0.") == 3

    compose("restart", "-t", "0")
    wait_until(lambda: site.reaches("tcp", site.address, 8080, seen_from=site.outside) != "no", "web to come back")
    wait_until(lambda: from_service(compose, "app", "sh", "-c", "nc -w1 database 5432 </dev/null") != "",
               "the database to come back")

    compose("down", "-t", "0")
    assert site.links_now() == before
    assert site.docker("ps", "-aq").text == ""
    assert site.docker("network", "ls", "-q", "--filter", "type=custom").text == ""
    assert site.reaches("tcp", site.address, 8080, seen_from=site.outside) == "no"
    if site.daemon:
        assert [site.daemon.json(what) for what in ("networks", "endpoints", "ports")] == [[], [], []]
