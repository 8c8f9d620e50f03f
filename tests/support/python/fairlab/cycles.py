"""A runtime that adds and deletes containers and now and then kills the plugin. Run on a host, with its own folders:

    cycles.py PLUGIN CONFIG CYCLES WORKERS SEED

CONFIG: the file with the plugin's configuration. Each worker has one container at a time, in a new namespace, with a
published port. As runtimes do: an ADD that fails is followed by DEL, and a DEL that was killed by another one, until it
succeeds. Where nobody answers an ADD, another container is tried a moment later. Says at the end how often what
happened, as JSON.
"""

import collections
import json
import os
import random
import subprocess
import sys
import threading
import time

KILLED_OF = 8  # one call in so many
LONGEST = 0.012  # seconds a call may have run before it is killed
FIRST_PORT = 20000
AGAIN = 11  # the code that asks for it
MOMENT = 0.05  # seconds
GIVES_UP = 20  # seconds in which a DEL must succeed


class Worker(threading.Thread):
    def __init__(self, plugin, config, cycles, number, seed):
        super().__init__()
        self.plugin, self.config, self.cycles, self.number = plugin, config, cycles, number
        self.dice = random.Random(seed)
        self.seen = collections.Counter()
        self.said = set()  # (verb, code, message) of errors; -1: not what a runtime can work with

    def run(self):
        while self.seen["added"] + self.seen["not added"] < self.cycles:
            self.cycle(f"w{self.number}c{sum(self.seen.values())}")

    def cycle(self, name):
        self.name = name
        subprocess.run(["ip", "netns", "add", name], check=True)
        try:
            config = {**self.config, "runtimeConfig": {"portMappings": [
                {"hostPort": FIRST_PORT + self.number, "containerPort": 80, "protocol": "tcp"}]}}
            result = self.call("ADD", name, config)
            if self.code == AGAIN:
                self.seen["nobody answered"] += 1
                time.sleep(MOMENT)
            else:
                self.seen["added" if result is not None else "not added"] += 1
            if result:
                config["prevResult"] = json.loads(result)
            self.delete(name, config)
        finally:
            subprocess.run(["ip", "netns", "del", name], check=True)

    def delete(self, name, config):
        end = time.monotonic() + GIVES_UP
        while self.call("DEL", name, config) is None:
            if time.monotonic() > end:
                self.said.add(("DEL", -1, "does not succeed"))
                return

    def call(self, verb, name, config):
        """What it says; None if it failed, or was killed."""
        env = {"CNI_COMMAND": verb, "CNI_CONTAINERID": name, "CNI_NETNS": f"/run/netns/{name}", "CNI_IFNAME": "eth0",
               "CNI_PATH": os.path.dirname(self.plugin), "PATH": os.environ["PATH"]}
        process = subprocess.Popen([self.plugin], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, env=env)
        doomed = self.dice.randrange(KILLED_OF) == 0
        timer = threading.Timer(self.dice.uniform(0, LONGEST), process.kill) if doomed else None
        if timer:
            timer.start()
        out, _ = process.communicate(json.dumps(config).encode())
        if timer:
            timer.cancel()
        if process.returncode == 0:
            self.code = None
            return out
        self.code = self.code_of(verb, out) if process.returncode > 0 else None
        self.seen["refused" if self.code else "killed"] += 1
        return None

    def code_of(self, verb, out):
        try:
            error = json.loads(out)
            code, message = error["code"], error["msg"].replace(self.name, "NAME")
        except (ValueError, KeyError):
            code, message = -1, repr(out)
        self.said.add((verb, code, message))
        return code


def main():
    plugin, path, cycles, workers, seed = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    each = int(cycles) // int(workers)
    running = [Worker(plugin, config, each, number, int(seed) + number) for number in range(int(workers))]
    for worker in running:
        worker.start()
    seen, said = collections.Counter(), set()
    for worker in running:
        worker.join()
        seen.update(worker.seen)
        said |= worker.said
    print(json.dumps({"seen": seen, "said": sorted(map(list, said), key=str)}))


main()
