"""Which folder may include from which. The table is the rule; ARCHITECTURE.md explains it."""

import os
import re

import tree

ALLOWED = {  # folder of userspace/: folders it may include from, besides itself
    "base": set(),
    "model": {"base"},
    "ipam": {"base", "model"},
    "http": {"base"},
    "store": {"base", "model", "ipam"},
    "netlink": {"base", "model"},
    "datapath": {"base", "model", "netlink", "bpf/shared", "skeleton"},
    "etcd": {"base", "generated"},
    "cluster": {"base", "model", "ipam", "etcd"},
    "relay": {"base", "model"},
    "engine": {"base", "model", "ipam", "store", "netlink", "datapath", "cluster", "etcd", "relay", "bpf/shared"},
    "cnm": {"base", "model", "http", "ipam", "engine"},
    "api": {"base", "model", "http", "cluster", "engine", "bpf/shared"},
    "cli": {"base", "model", "http", "netlink", "datapath"},  # the latter two: teardown works without a daemon
}
ONLY = {"etcd": {"etcd/client.h"}}  # what others may include of a folder, if not all of it
SHIM = {"base", "model", "http"}  # what cni-shim/ may include from userspace/: its daemon is at the socket's other end
EVERYTHING = {"daemon"}  # wires all the others together; nothing includes it

# Outside headers that only some folders may see.
FENCED = {
    r"grpc|google/|absl/": {"etcd"},
    r"bpf/": {"datapath"},
    r"linux/rtnetlink\.h|netlink/": {"netlink"},
    r"sqlite3\.h": {"store"},
    r"boost/": {"http", "relay", "daemon"},
    r"toml\+\+/": {"daemon"},
    r"CLI/": {"cli", "daemon"},
    r"systemd/": {"daemon", "http"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
problems = []


def complain(name, target, why):
    problems.append(f"{name}: must not include {target}: {why}")


def check_userspace(name):
    layer = name.split("/")[1]
    for quote, target in INCLUDE.findall(tree.text(name)):
        folder = "bpf/shared" if target.startswith("bpf/shared/") else target.split("/")[0]
        if quote == '"' and "/" in target:
            known = ALLOWED.get(layer)
            if layer in EVERYTHING or folder == layer:
                continue
            if known is None:
                problems.append(f"{name}: folder {layer} is not in the table of {os.path.basename(__file__)}")
            elif folder not in known:
                complain(name, target, f"{layer} may include from {', '.join(sorted(known)) or 'nothing of ours'}")
            elif target not in ONLY.get(folder, {target}):
                complain(name, target, f"of {folder}, only {', '.join(sorted(ONLY[folder]))}")
        if quote == "<":
            for pattern, layers in FENCED.items():
                if re.match(pattern, target) and layer not in layers:
                    complain(name, f"<{target}>", f"only {', '.join(sorted(layers))} may")
            check_json(name, target)


def check_json(name, target):
    if target == "nlohmann/json.hpp" and not re.search(r"codec(_\w+)?\.cpp$", name):
        complain(name, f"<{target}>", "JSON is read and written in *codec.cpp")


def check_shim(name):
    for quote, target in INCLUDE.findall(tree.text(name)):
        folder = target.split("/")[0]
        if quote == '"' and folder != "cni-shim" and folder not in SHIM:
            complain(name, target, f"cni-shim may include from {', '.join(sorted(SHIM))}")
        if quote == "<":
            check_json(name, target)
            if any(re.match(pattern, target) for pattern in FENCED):
                complain(name, f"<{target}>", "the shim links little")


def check_bpf(name):
    folder = os.path.dirname(name)
    for quote, target in INCLUDE.findall(tree.text(name)):
        if quote != '"':
            continue
        path = os.path.normpath(os.path.join(folder, target))
        if not os.path.exists(os.path.join(tree.ROOT, path)):
            path = f"bpf/{target}"
        home = os.path.dirname(path)
        if folder == "bpf/shared" and home != "bpf/shared":
            complain(name, target, "shared/ is read by both sides and includes nothing but itself")
        elif home not in ("bpf/shared", "bpf/lib"):
            complain(name, target, "bpf/ includes only lib/ and shared/")


def check_words(name):
    for number, line in enumerate(tree.text(name).splitlines(), 1):
        code = re.sub(r"/\*.*?\*/|//.*|^\s*\*.*|/\*.*", "", line)
        if re.search(r"docker|\bcni\b|etcd", re.sub(r'"[^"]*"', "", code), re.I):
            problems.append(f"{name}:{number}: bpf/ knows packets, endpoints and networks, not who runs containers")


for each in tree.files(".h", ".cpp", under=["userspace/"]):
    check_userspace(each)
for each in tree.files(".h", ".cpp", under=["cni-shim/"]):
    check_shim(each)
for each in tree.files(".h", ".c", under=["bpf/"]):
    check_bpf(each)
    check_words(each)
tree.finish(problems)
