"""Docker's side of the plugin protocol, as small as it can be, and containers that need no engine."""

import hashlib
import http.client
import ipaddress
import itertools
import json
import re
import socket

from . import image
from .daemon import PLUGIN
from .engine import last_line
from .process import run, wait_until


class Refused(Exception):
    """The driver answered with an error."""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("plugin")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(15)
        self.sock.connect(self.path)


class Client:
    """One connection, kept open, as dockerd does."""

    def __init__(self, host):
        self.path = host.path(PLUGIN)
        self.connection = None

    def request(self, method, body):
        """Status and text, whatever they are. `body`: bytes, or what becomes JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if self.connection is None:
            self.connection = UnixConnection(self.path)
        self.connection.putrequest("POST", f"/{method}", skip_host=True, skip_accept_encoding=True)
        for name, value in (("Host", ""), ("User-Agent", "Go-http-client/1.1"), ("Content-Length", str(len(data))),
                            ("Accept", "application/vnd.docker.plugins.v1.2+json")):
            self.connection.putheader(name, value)
        self.connection.endheaders(data)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def call(self, method, **fields):
        return self.send(method, fields)

    def send(self, method, body):
        """What was answered, if it is no error. `body`: as in request()."""
        status, text = self.request(method, body)
        answer = json.loads(text)
        error = answer.get("Err") or answer.get("Error")
        if status != 200 or error:
            raise Refused(error or text)
        return answer

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None


def key(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def binding(host_port, port, protocol=6, host_ip=""):
    return {"Proto": protocol, "IP": "", "Port": port, "HostIP": host_ip, "HostPort": host_port,
            "HostPortEnd": host_port}


class Runtime:
    """Makes networks and containers on a host, in the order of calls that dockerd has."""

    def __init__(self, host):
        self.host = host
        self.client = Client(host)
        self.numbers = itertools.count(1)

    def network(self, v4, v6=None, *, internal=False, **options):
        number = key(next(self.numbers))
        data, data6 = ([{"AddressSpace": "LocalDefault", "Pool": pool, "Gateway": first(pool, 1), "AuxAddresses": {}}]
                       if pool else [] for pool in (v4, v6))
        wanted = {"com.docker.network.enable_ipv6": bool(v6),
                  "com.docker.network.generic": {k.replace("__", "."): v for k, v in options.items()}}
        if internal:
            wanted["com.docker.network.internal"] = True
        self.client.call("NetworkDriver.CreateNetwork", NetworkID=number, Options=wanted, IPv4Data=data, IPv6Data=data6)
        return Network(self, number, v4, v6)

    def shared_network(self, pool):
        """A network of the cluster. Hosts that name the same pool are on the same one."""
        call, number = self.client.call, key(next(self.numbers))
        space = call("IpamDriver.GetDefaultAddressSpaces")["LocalDefaultAddressSpace"]
        taken = call("IpamDriver.RequestPool", AddressSpace=space, Pool=pool, SubPool="", Options={},
                     V6=False)["PoolID"]
        gateway = call("IpamDriver.RequestAddress", PoolID=taken, Address="",
                       Options={"RequestAddressType": "com.docker.network.gateway"})["Address"]
        call("NetworkDriver.CreateNetwork", NetworkID=number, Options={}, IPv6Data=[], IPv4Data=[
            {"AddressSpace": space, "Pool": pool, "Gateway": gateway, "AuxAddresses": {}}])
        return SharedNetwork(self, number, pool, taken)


def first(pool, number):
    """"10.1.0.0/24", 7 -> "10.1.0.7/24"."""
    network, length = pool.split("/")
    return f"{ipaddress.ip_address(network) + number}/{length}"


class Network:
    def __init__(self, runtime, number, v4, v6):
        self.runtime, self.key, self.v4, self.v6 = runtime, number, v4, v6
        self.used = itertools.count(2)

    def addresses(self):
        """Of the next endpoint, with their lengths; IPv6: "" for none."""
        place = next(self.used)
        return first(self.v4, place), first(self.v6, place) if self.v6 else ""

    def endpoint(self, **options):
        """CreateEndpoint and Join, no namespace: (key, address, address6, reply of Join)."""
        number = key(next(self.runtime.numbers))
        v4, v6 = self.addresses()
        call = self.runtime.client.call
        wanted = {name.replace("__", "."): text for name, text in options.items()}
        made = call("NetworkDriver.CreateEndpoint", NetworkID=self.key, EndpointID=number, Options=wanted,
                    Interface={"Address": v4, "AddressIPv6": v6, "MacAddress": ""})
        joined = call("NetworkDriver.Join", NetworkID=self.key, EndpointID=number, Options={},
                      SandboxKey=f"/var/run/docker/netns/{number[-12:]}")
        return number, v4, v6, {**joined, "MacAddress": made["Interface"]["MacAddress"]}

    def remove_endpoint(self, number):
        for method in ("Leave", "DeleteEndpoint"):
            self.runtime.client.call(f"NetworkDriver.{method}", NetworkID=self.key, EndpointID=number)

    def container(self, name, *ports, **options):
        return Box(self, name, ports, options)

    def remove(self):
        self.runtime.client.call("NetworkDriver.DeleteNetwork", NetworkID=self.key)


class SharedNetwork(Network):
    """Its addresses come from fairlead's own IPAM, since other hosts hand them out too."""

    def __init__(self, runtime, number, pool, taken):
        super().__init__(runtime, number, pool, None)
        self.taken = taken

    def addresses(self):
        answer = self.runtime.client.call("IpamDriver.RequestAddress", PoolID=self.taken, Address="", Options={})
        return answer["Address"], ""


class Box:
    """A net namespace with an interface of the driver's, set up as libnetwork does."""

    def __init__(self, network, name, ports, options):
        self.network, self.name, self.host = network, name, network.runtime.host
        self.key, v4, v6, joined = network.endpoint(**options)
        self.address, self.address6 = v4.split("/")[0], v6.split("/")[0]
        self.mac = joined["MacAddress"]
        self.holder = self.host.namespace(name)
        self.pid = self.host.inner_pid(self.holder.pid)
        device = joined["InterfaceName"]["SrcName"]
        run(["nsenter", f"--target={self.host.pid}", "--net", "--", "ip", "link", "set", device, "netns",
             str(self.holder.pid)])
        self.device = joined["InterfaceName"]["DstPrefix"] + "0"
        self.run(f"ip link set {device} name {self.device} && ip link set {self.device} address {self.mac}"
                 f" && ip addr add {v4} dev {self.device} && ip link set {self.device} up")
        if v6:
            self.run("ip", "-6", "addr", "add", v6, "dev", self.device, "nodad")
        if joined.get("Gateway"):
            self.run("ip", "route", "add", "default", "via", joined["Gateway"])
        if joined.get("GatewayIPv6"):
            self.run("ip", "-6", "route", "add", "default", "via", joined["GatewayIPv6"])
        # The kernel gives a link its queue a moment after it is up; until then what is sent is dropped.
        wait_until(lambda: "state UP" in self.run("ip", "link", "show", self.device).out, f"the link of {name}")
        self.publish(*ports)

    def publish(self, *ports):
        if ports:
            self.send_ports(self.written_ports(*ports))

    def written_ports(self, *ports):
        """The body of the call by which Docker publishes them, as bytes."""
        return json.dumps({
            "NetworkID": self.network.key, "EndpointID": self.key, "Options": {
                "com.docker.network.portmap": ports, "com.docker.network.endpoint.exposedports": []}}).encode()

    def send_ports(self, body):
        self.network.runtime.client.send("NetworkDriver.ProgramExternalConnectivity", body)

    def run(self, *command, **options):
        return self.host.run(*command, container=self.pid, **options)

    def start(self, *command, **options):
        return self.host.start(*command, container=self.pid, **options)

    def serve(self, *ports):
        return self.start(image.tool(), "serve", *ports, until="ready")

    def tool(self, *arguments):
        return last_line(self.run(image.tool(), *arguments, check=False))

    def ping(self, address, *words):
        return self.run("ping", "-q", "-c1", "-W1", *words, address, check=False).code == 0

    def lost(self, address, packets=3):
        out = self.run("ping", "-q", "-i", "0.01", "-W1", "-c", packets, address, check=False).out
        sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", out).groups())
        return sent - received

    def remove(self):
        """As when the container ends: the namespace takes the link along unless it was moved back."""
        self.network.remove_endpoint(self.key)
        self.holder.stop()
