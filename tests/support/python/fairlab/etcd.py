"""A real etcd in a host of its own, and everything that can happen to it."""

import base64
import json
import os
import signal

from .process import Failed, wait_until

PORT = 2379
NUMBER = 2  # on the wire: 198.18.0.2, 2001:db8:0:1::2
ROOT = "/fairlead/v1/"


class Etcd:
    def __init__(self, host, *, log, authority=None):
        """With an authority it speaks TLS, and asks clients for a certificate too."""
        self.host = host
        self.log = log
        self.scheme = "https" if authority else "http"
        self.flags, self.client = [], []
        if authority:
            certificate, key = authority.issue("etcd", "127.0.0.1", *host.addresses)
            self.flags = [f"--cert-file={certificate}", f"--key-file={key}", "--client-cert-auth",
                          f"--trusted-ca-file={authority.certificate}"]
            self.client = [f"--cacert={authority.certificate}", f"--cert={certificate}", f"--key={key}"]
        self.process = None
        self.folder = "first"

    def url(self, family=4):
        address = self.host.addresses[0] if family == 4 else f"[{self.host.addresses[1]}]"
        return f"{self.scheme}://{address}:{PORT}"

    def start(self, folder=None, *flags):
        """On the data it had, or in another `folder`: a new one is an empty store."""
        self.folder = folder or self.folder
        any_address = f"{self.scheme}://[::]:{PORT}"
        self.process = self.host.start(
            "etcd", f"--data-dir=/run/host/etcd-{self.folder}", f"--name={self.folder}",
            f"--listen-client-urls={any_address}", f"--advertise-client-urls={self.url()}",
            "--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
            f"--initial-cluster={self.folder}=http://127.0.0.1:2380", f"--initial-cluster-token={self.folder}",
            "--logger=zap", "--log-level=warn", *self.flags, *flags, log=self.log)
        wait_until(self._answers, f"etcd to answer, see {self.log}", timeout=20, step=0.05)
        return self

    def _answers(self):
        if not self.process.alive():
            raise Failed(f"etcd ended:\n{self.process.tail()}")
        return self.ctl("endpoint", "health", check=False).code == 0

    def stop(self):
        self.process.stop(signal.SIGTERM)

    def kill(self):
        self.process.stop(signal.SIGKILL)

    def freeze(self):
        """It is there, and says nothing."""
        self.process.send(signal.SIGSTOP)

    def thaw(self):
        self.process.send(signal.SIGCONT)
        os.kill(self.process.popen.pid, signal.SIGCONT)  # nsenter stops with its child

    def ctl(self, *words, **options):
        return self.host.run("etcdctl", f"--endpoints={self.scheme}://127.0.0.1:{PORT}", *self.client,
                             "--command-timeout=3s", *words, env={"ETCDCTL_API": "3"}, **options)

    def revision(self):
        status = json.loads(self.ctl("endpoint", "status", "-w", "json").out)
        return status[0]["Status"]["header"]["revision"]

    def compact(self):
        """Nobody can watch from before now any more."""
        self.ctl("compact", str(self.revision()))

    def get(self, prefix=ROOT):
        """key -> value, as JSON where it is."""
        answer = json.loads(self.ctl("get", "--prefix", prefix, "-w", "json").out)
        return {decode(entry["key"]): value_of(decode(entry.get("value", ""))) for entry in answer.get("kvs", [])}

    def keys(self, prefix=ROOT):
        return [line for line in self.ctl("get", "--prefix", "--keys-only", prefix).out.splitlines() if line]

    def put(self, key, value):
        self.ctl("put", key, value if isinstance(value, str) else json.dumps(value))

    def put_all(self, values):
        """One transaction; `values`: key -> text. More than 128 take etcd's option --max-txn-ops."""
        lines = [f"put {key} {json.dumps(value)}" for key, value in values.items()]
        self.ctl("txn", data="\n".join(["", *lines, "", "", ""]).encode())

    def delete(self, key, *, prefix=False):
        self.ctl("del", *(["--prefix"] if prefix else []), key)


def decode(text):
    return base64.b64decode(text).decode()


def value_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def add(wire, *, log, authority=None):
    """The host `etcd` of a wire, with a store that runs."""
    return Etcd(wire.host("etcd", NUMBER), log=log, authority=authority).start()
