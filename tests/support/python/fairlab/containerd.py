"""containerd on a host of its own: containers by `ctr`, and sandboxes by the interface that kubelets use."""

import io
import json
import hashlib
import os
import re
import signal
import struct
import tarfile
import urllib.parse

from . import cni, image, protobuf
from .process import Failed, wait_until

SOCKET = "/run/host/containerd.sock"
IMAGE = f"docker.io/library/{image.NAME}:latest"
SETTINGS = f"""
version = 2
root = "/var/lib/containerd"
state = "/run/host/containerd"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni.PLUGINS}"
    conf_dir = "{cni.CONFIG}"
"""
TCP, UDP = 0, 1  # of PortMapping
SERVICE = "runtime.v1.RuntimeService"


class Rejected(Exception):
    """A call that containerd answered with an error."""


class Containerd:
    def __init__(self, host, *, log):
        self.host, self.log = host, log

    def start(self):
        with open(self.host.path("/run/host/containerd.toml"), "w", encoding="utf-8") as file:
            file.write(SETTINGS)
        self.daemon = self.host.start("containerd", "--config", "/run/host/containerd.toml", log=self.log)
        wait_until(self._answers, f"containerd to answer, see {self.log}", timeout=30, step=0.05)
        for namespace in ("default", "k8s.io"):
            self.ctr("images", "import", "--snapshotter=native", "-", namespace=namespace, data=docker_archive())
        self.host.run(f"mkdir -p /run/host/rootfs && tar -x -C /run/host/rootfs", data=image.archive())
        return self

    def _answers(self):
        if not self.daemon.alive():
            raise Failed(f"containerd ended:\n{self.daemon.tail()}")
        return os.path.exists(self.host.path(SOCKET)) and self.ctr("version", check=False).code == 0

    def stop(self):
        self.daemon.stop(signal.SIGTERM)

    # --- ctr ------------------------------------------------------------------------------

    def ctr(self, *words, namespace="default", **options):
        return self.host.run("ctr", f"--address={SOCKET}", f"--namespace={namespace}", *words, **options)

    def run(self, name, *command):
        """A container by `ctr run --cni`. It serves, if it has no `command`."""
        words = command or ("/bin/tool", "serve", "80")
        self.ctr("run", "--detach", "--cni", "--cgroup", f"/{self.host.label}/containers/{name}", "--rootfs",
                 "/run/host/rootfs", name, *words)
        return cni.Place(self.host, name, self.pid_of(name))

    def pid_of(self, name, namespace="default"):
        """As the host knows it."""
        out = self.ctr("task", "ls", namespace=namespace).out
        found = re.search(rf"^{re.escape(name)}\s+(\d+)", out, re.M)
        if not found:
            raise Failed(f"{name} does not run: {out}")
        return int(found[1])

    def remove(self, name):
        self.ctr("task", "kill", "--signal", "SIGKILL", name, check=False)
        wait_until(lambda: self.ctr("task", "rm", name, check=False).code == 0
                   or name not in self.ctr("task", "ls").out, f"{name} to end")
        self.ctr("container", "rm", name, check=False)

    # --- the interface of kubelets --------------------------------------------------------

    def call(self, method, message):
        """gRPC by curl: one message there, one back, each after five bytes that say how long it is."""
        data = protobuf.encode(message)
        outcome = self.host.run(
            "sh", "-c", "curl --silent --show-error --http2-prior-knowledge --unix-socket"
            f" {SOCKET} -H 'content-type: application/grpc' -H 'te: trailers' --data-binary @-"
            f" --dump-header /run/host/grpc-head --output /run/host/grpc-body http://cri/{SERVICE}/{method}",
            data=struct.pack("!BI", 0, len(data)) + data, check=False)
        if outcome.code != 0:
            raise Failed(str(outcome))
        with open(self.host.path("/run/host/grpc-head"), encoding="utf-8") as file:
            head = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in file)}
        if head.get("grpc-status") != "0":
            raise Rejected(urllib.parse.unquote(head.get("grpc-message", f"no message: {head}")))
        with open(self.host.path("/run/host/grpc-body"), "rb") as file:
            return protobuf.decode(file.read()[5:])

    def ready(self):
        """Whether containerd finds the network ready: NetworkReady of Status."""
        status = protobuf.decode(self.call("Status", {})[1][0])
        conditions = [protobuf.decode(each) for each in status[1]]
        return any(protobuf.text(each, 1) == "NetworkReady" and each.get(2) == [1] for each in conditions)

    def sandbox(self, name, ports=(), annotations=None, servers=()):
        """RunPodSandbox. `ports`: (protocol, host port, port) or with an address of the host."""
        mappings = [{1: protocol, 2: port, 3: host_port, 4: address[0] if address else None}
                    for protocol, host_port, port, *address in ports]
        config = {1: {1: name, 2: f"uid-{name}", 3: "default", 4: 1}, 2: name, 3: "/run/host/pods",
                  4: {1: list(servers)} if servers else None, 5: mappings,
                  7: protobuf.text_map(annotations or {}),
                  8: {1: f"/{self.host.label}/containers"}}
        return PodSandbox(self, name, config)


class PodSandbox(cni.Place):
    """The first container of a pod; it serves, because that is what its image does."""

    def __init__(self, runtime, name, config):
        self.runtime = runtime
        self.id = protobuf.text(runtime.call("RunPodSandbox", {1: config}), 1)
        super().__init__(runtime.host, name, runtime.pid_of(self.id, namespace="k8s.io"))

    def addresses(self):
        """What containerd says of it: the first, and the others."""
        status = protobuf.decode(self.runtime.call("PodSandboxStatus", {1: self.id})[1][0])
        network = protobuf.decode(status[5][0])
        return [protobuf.text(network, 1), *(protobuf.text(protobuf.decode(each), 1) for each in network.get(2, []))]

    def stop(self):
        self.runtime.call("StopPodSandbox", {1: self.id})

    def remove(self):
        self.runtime.call("RemovePodSandbox", {1: self.id})


def docker_archive():
    """The tests' image as `docker save` writes it."""
    layer = image.archive()
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Cmd": ["/bin/tool", "serve", "80", "7000-7003"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}}).encode()
    name = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": f"{name}.json", "RepoTags": [f"{image.NAME}:latest"],
                            "Layers": ["layer.tar"]}]).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, data in ((f"{name}.json", config), ("layer.tar", layer), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
