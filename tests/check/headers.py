"""Every header compiles alone, with the include folders that the build uses."""

import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

import tree

BUILD = sys.argv[1]


def build_includes():
    flags = {}
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            words = shlex.split(entry["command"])
            for at, word in enumerate(words):
                if word.startswith("-I"):
                    flags[word] = None
                elif word == "-isystem":
                    flags[f"-isystem{words[at + 1]}"] = None
    return list(flags)


def multiarch():
    return subprocess.run(["cc", "-print-multiarch"], capture_output=True, text=True, check=True).stdout.strip()


def command(name):
    source = f'#include "{os.path.join(tree.ROOT, name)}"\n'
    if name.startswith(("bpf/lib/", "bench/packets/bpf/")):
        return ["clang", "-target", "bpf", "-mcpu=v3", "-O2", "-Wall", "-Wno-unused-function", "-fsyntax-only",
                f"-I{tree.ROOT}/bpf", "-isystem", f"/usr/include/{ARCH}", "-x", "c", "-"], source
    if name.startswith("bpf/shared/"):
        return ["g++", "-std=c++23", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{tree.ROOT}/bpf", "-x", "c++",
                "-"], source
    return ["g++", "-std=c++23", "-Wall", "-Wextra", "-fsyntax-only", *INCLUDES, f"-I{tree.ROOT}",
            f"-I{tree.ROOT}/userspace", "-x", "c++", "-"], source


def compiles(name):
    words, source = command(name)
    done = subprocess.run(words, input=source, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"{name}: does not compile alone\n{done.stderr[:1500]}"


INCLUDES = build_includes()
ARCH = multiarch()
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    tree.finish([p for p in pool.map(compiles, tree.files(".h")) if p])
