"""Adds and deletes containers by CNI, as a runtime does that is close by. Run on a host by making_cni.py:

    adds.py PLUGIN CONFIG NAMESPACES

CONFIG: the file with the plugin's configuration. Each call is timed from before the plugin is started until it has
ended. Says as JSON, in ms: {"add": [...], "delete": [...]}
"""

import json
import os
import subprocess
import sys
import time


def call(plugin, config, verb, name):
    env = {"CNI_COMMAND": verb, "CNI_CONTAINERID": name, "CNI_NETNS": f"/run/netns/{name}", "CNI_IFNAME": "eth0",
           "CNI_PATH": os.path.dirname(plugin), "PATH": os.environ["PATH"]}
    started = time.monotonic()
    done = subprocess.run([plugin], input=config, env=env, stdout=subprocess.PIPE, check=False)
    took = (time.monotonic() - started) * 1000
    if done.returncode != 0:
        sys.exit(f"{verb}: {done.stdout.decode()}")
    return took


def main():
    plugin, path, number = sys.argv[1:]
    with open(path, "rb") as file:
        config = file.read()
    names = [f"box{n}" for n in range(int(number))]
    for name in names:
        subprocess.run(["ip", "netns", "add", name], check=True)
    took = {what: [call(plugin, config, verb, name) for name in names]
            for what, verb in (("add", "ADD"), ("delete", "DEL"))}
    print(json.dumps(took))


main()
