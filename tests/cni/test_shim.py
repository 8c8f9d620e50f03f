"""The plugin against whatever may come in: it never dies, and stdout always is what the specification asks for."""

import json
import os
import random
import subprocess

import pytest
from fairlab import cni
from fairlab.daemon import program

SEED = int(os.environ.get("FAIRLEAD_SEED", "1"))
RUNS = 200  # of each verb
VERBS = ("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION")
CODES = {1, 2, 4, 5, 6, 7, 8, 11, 50, 51, 100, 101, 103, 104, 105, 999}
WORDS = [b"null", b"[]", b"{}", b'""', b"-1", b"1e999", b"\xff\xfe", b"\\u0000", b"[" * 40, b'{"a":' * 40, b"65536",
         b"true", b"\n", b'"', b"\\", b"18446744073709551616", b"../", b"%s%n", b";", b"="]
SEEDS = [
    {"runtimeConfig": {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": "::"}],
                       "bandwidth": {"IngressRate": 1000000, "IngressBurst": 4294967295}, "mac": "02:00:00:00:00:01",
                       "dns": {"Servers": ["1.1.1.1"], "Options": None}, "ips": ["10.9.0.5/24"],
                       "aliases": {"web": ["a"]}}},
    {"subnet": "10.9.0.0/24", "ipv6": {"subnet": "fd00::/64"}, "routes": [{"dst": "0.0.0.0/0", "gw": "10.9.0.1"}],
     "args": {"cni": {"ips": ["10.9.0.5"], "labels": [{"key": "k", "value": "v"}]}}, "options": {"a": "b"}},
    {"prevResult": {"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "mac": "x", "sandbox": "/x"}],
                    "ips": [{"address": "10.9.0.5/24", "interface": 0}], "routes": [{"dst": "::/0"}], "dns": {}}},
    {"ipam": {"type": "none-such"}, "cni.dev/valid-attachments": [{"containerID": "c", "ifname": "eth0"}]},
]


class Hostile:
    """Runs of the plugin with nobody at the daemon's socket. Every file it may write is below `folder`: paths are in
    variables, which stay as they are, and not in what is mutated."""

    def __init__(self, folder):
        self.random = random.Random(SEED)
        self.fixed = {"FAIRLEAD_SOCKET": f"{folder}/nobody.sock", "FAIRLEAD_STATE_DIR": str(folder)}

    def mutated(self, text):
        for _ in range(self.random.randint(0, 4)):
            at, end = sorted(self.random.randint(0, len(text)) for _ in range(2))
            text = self.random.choice([
                lambda t, a=at, e=end: t[:a] + t[e:],
                lambda t, a=at: t[:a] + self.random.choice(WORDS) + t[a:],
                lambda t, a=at: t[:a],
                lambda t, a=at: t[:a] + bytes([self.random.randrange(256)]) + t[a + 1:],
                lambda t, a=at, e=end: t[:a] + t[a:e] * 2 + t[e:]])(text)
        return text

    def config(self):
        version = self.random.choice(["1.1.0"] * 6 + ["1.0.0", "0.4.0", "0.3.1", "0.2.0"])
        return json.dumps({"cniVersion": version, "name": "web", "type": cni.TYPE,
                           **self.random.choice(SEEDS)}).encode()

    def environment(self, verb):
        env = {"CNI_COMMAND": verb.encode(), "CNI_CONTAINERID": b"c1", "CNI_NETNS": b"/proc/self/ns/net",
               "CNI_IFNAME": b"eth0", "CNI_PATH": b"/nonexistent", "CNI_ARGS": b"IgnoreUnknown=1;K8S_POD_NAME=x;MAC=y"}
        for name in ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"):
            if self.random.random() < 0.2:
                env[name] = self.mutated(env[name]).replace(b"\0", b"")
        if self.random.random() < 0.3:
            env["CNI_NETNS_OVERRIDE"] = b"1"
        return {**self.fixed, **env}

    def run(self, verb):
        data = self.mutated(self.config()) if self.random.random() < 0.8 else self.config()
        env = self.environment(verb)
        return data, env, shim(input=data, env=env)


def shim(*words, **options):
    return subprocess.run([program("fairlead-cni"), *words], capture_output=True, check=False, timeout=20, **options)


def is_error(document):
    return (document["cniVersion"] in ("0.3.1", "0.4.0", "1.0.0", "1.1.0") and document["code"] in CODES
            and document["msg"] and set(document) <= {"cniVersion", "code", "msg", "details"})


@pytest.mark.parametrize("verb", VERBS)
def test_hostile_input_gets_an_error_object(verb, tmp_path):
    hostile = Hostile(tmp_path)
    for _ in range(RUNS):
        data, env, done = hostile.run(verb)
        shown = f"seed {SEED}: {env} {data} {done}"
        assert done.returncode in (0, 1), shown
        if done.returncode == 1:
            assert is_error(json.loads(done.stdout)), shown
        elif verb == "VERSION":
            assert "1.1.0" in json.loads(done.stdout)["supportedVersions"], shown
        else:
            # It left a tombstone; nothing else succeeds without a daemon.
            assert verb == "DEL" and not done.stdout, shown


@pytest.mark.parametrize("command", ("create", "setup", "teardown", "info", "drop"))
def test_hostile_input_of_netavark(command, tmp_path):
    hostile = Hostile(tmp_path)
    seed = json.dumps({"container_id": "c1", "container_name": "web", "port_mappings": [{"container_port": 80,
                       "host_ip": "", "host_port": 8080, "protocol": "tcp", "range": 1}],
                       "network": {"name": "web", "id": "n1", "subnets": [{"subnet": "10.9.0.0/24"}]},
                       "network_options": {"interface_name": "eth0", "static_ips": None}}).encode()
    for _ in range(RUNS // 2):
        data = hostile.mutated(seed)
        done = shim(command, "/proc/self/ns/net", input=data, env=hostile.fixed)
        assert done.returncode in (0, 1), (data, done)
        if done.returncode == 1 and command != "drop":
            assert list(json.loads(done.stdout)) == ["error"], (data, done)


def test_a_closed_stdin_or_stdout_kills_nobody(tmp_path):
    hostile = Hostile(tmp_path)
    for closing in ("<&-", ">&-", "<&- >&- 2>&-", ">/dev/full"):
        for verb in VERBS:
            done = subprocess.run(["sh", "-c", f"{program('fairlead-cni')} {closing}"], env=hostile.environment(verb),
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=20)
            assert done.returncode in (0, 1), (closing, verb, done)


def test_without_a_command_it_says_what_it_is():
    done = shim(env={}, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and not done.stdout and b"0.3.1, 0.4.0, 1.0.0, 1.1.0" in done.stderr


def test_hostile_wishes_harm_no_daemon(place):
    box = place.sandbox("a")
    hostile = Hostile("/nonexistent")
    for _ in range(60):
        config = json.dumps(cni.single("net", version="1.1.0", **hostile.random.choice(SEEDS[:2]))).encode()
        head, tail = config.split(b'"state_dir"', 1)  # paths stay as they are
        path, rest = tail.split(b",", 1)
        data = head + b'"state_dir"' + path + b"," + hostile.mutated(rest)
        try:
            result = cni.call(place.host, "ADD", data, container=box.id, netns=box.netns, interface="eth0")
            assert result["interfaces"][1]["name"] == "eth0"
        except cni.Refused as refused:
            assert is_error(refused.error), (data, refused.error)
        cni.call(place.host, "DEL", cni.single("net"), container=box.id, netns=box.netns, interface="eth0")
    assert not box.interfaces() and not place.rows()
