"""From nothing to two containers that talk, on the machine's engine or on one of its own in a namespace."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from . import image, lab, leftovers
from .daemon import Daemon, program
from .engine import Engine
from .host import Wire
from .process import Background, Failed, Outcome, environment, wait_until

NET, WEB, CLIENT = "quickstart", "quickstart-web", "quickstart-client"
IMAGE = "fairlead-quickstart"
PORT = 8080
# What must be as before. Not the machine's processes and cgroups: others may come and go meanwhile, and
# those of a host in namespaces die with it.
COMPARED = ("links", "routes", "pins", "net namespaces", "sysctls")


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


class OwnPlace:
    """A host in namespaces with an engine and a daemon of its own: the machine's network is not touched."""

    def __init__(self, scratch, keep):
        say("No Docker engine runs on this machine: starting one in a namespace of its own.")
        self.wire = Wire(keep=keep, label=lab.PREFIX if keep else None)
        try:
            self.host = self.wire.host("h1", lab.FIRST_NUMBER)
            self.daemon = Daemon(self.host, log=f"{scratch}/fairleadd.log").start()
            self.engine = Engine(self.host, log=f"{scratch}/dockerd.log").start()
        except BaseException:
            self.wire.close()
            raise
        self.address = self.host.addresses[0]

    def docker(self, *words, **options):
        return self.engine.docker(*words, **options)

    def fairlead(self, *words, **options):
        return self.daemon.cli(*words, **options)

    def fetch(self, port):
        print(f"(from another host on the same wire: http://{self.address}:{port}/)")
        return self.wire.outside.run("curl", "-sS", "-m", "5", f"http://{self.address}:{port}/").out

    def remember(self):
        os.makedirs(lab.STATE, exist_ok=True)
        with open(lab.state_file(), "w", encoding="utf-8") as file:
            json.dump({host.name: host.pid for host in self.wire.hosts}, file)
        print("Kept. Look around: scripts/lab exec h1 docker ps; scripts/lab exec h1 fairlead status."
              " End it: scripts/lab down")

    def close(self):
        self.daemon.stop()
        self.daemon.teardown()
        self.wire.close()


class MachinePlace:
    """The machine's own engine, and a daemon beside it; the daemon that runs already is used and left alone."""

    def __init__(self, scratch):
        say("Using this machine's Docker engine.")
        self.scratch = scratch
        self.process = None
        self.mounted = False
        if self.fairlead("status", check=False).code == 2:
            try:
                self._start()
            except BaseException:
                self.close()
                raise

    def _start(self):
        if not os.path.ismount("/sys/fs/bpf"):
            subprocess.run(["mount", "-t", "bpf", "bpf", "/sys/fs/bpf"], check=True)
            self.mounted = True
        log = f"{self.scratch}/fairleadd.log"
        with open(log, "ab") as sink:
            popen = subprocess.Popen([program("fairleadd")], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                                     start_new_session=True)
        self.process = Background(popen, ["fairleadd"], log, wrapped=False)
        wait_until(self._answers, f"fairleadd to answer:\n{self.process.tail()}")

    def _answers(self):
        if not self.process.alive():
            raise Failed(f"fairleadd ended:\n{self.process.tail()}")
        return self.fairlead("status", check=False).code != 2

    def _run(self, words, *, check=True, timeout=60, data=None):
        done = subprocess.run(words, input=data, capture_output=True, timeout=timeout, env=environment(), check=False)
        outcome = Outcome(words, done.returncode, done.stdout.decode(), done.stderr.decode())
        if check and outcome.code:
            raise Failed(str(outcome))
        return outcome

    def docker(self, *words, **options):
        return self._run(["docker", *words], **options)

    def fairlead(self, *words, **options):
        return self._run([program("fairlead"), *words], **options)

    def fetch(self, port):
        print(f"(from this machine: http://127.0.0.1:{port}/)")
        return self._run(["curl", "-sS", "-m", "5", f"http://127.0.0.1:{port}/"]).out

    def remember(self):
        print(f"Kept: fairleadd runs, log in {self.scratch}. End it: docker rm -f {WEB} {CLIENT}; docker network rm"
              f" {NET}; kill {self.process.pid if self.process else 'the service'}; fairlead teardown --all")

    def close(self):
        self.docker("rm", "-f", WEB, CLIENT, check=False)
        self.docker("network", "rm", NET, check=False)
        self.docker("rmi", IMAGE, check=False)
        if self.process:
            self.process.stop(signal.SIGTERM)
            self.fairlead("teardown", "--all")
        if self.mounted:
            subprocess.run(["umount", "/sys/fs/bpf"], check=False)


def engine_runs():
    docker = shutil.which("docker")
    return bool(docker) and os.path.exists("/run/docker.sock") and subprocess.run(
        [docker, "info"], capture_output=True, check=False, timeout=30).returncode == 0


def show(command, outcome):
    print(f"$ {command}\n{(outcome.out + outcome.err).rstrip()}", flush=True)


def tour(place):
    place.docker("import", "-", IMAGE, data=image.archive())
    say("A network and two containers.")
    show(f"docker network create -d fairlead {NET}", place.docker("network", "create", "-d", "fairlead", NET))
    show(f"docker run -d --name {WEB} -p {PORT}:80 ... httpd",
         place.docker("run", "-d", "--name", WEB, "--network", NET, "-p", f"{PORT}:80", IMAGE,
                      "/bin/httpd", "-f", "-h", "/www"))
    show(f"docker run -d --name {CLIENT} ...",
         place.docker("run", "-d", "--name", CLIENT, "--network", NET, IMAGE, "/bin/sleep", "3600"))
    say("Container to container, by name.")
    show(f"docker exec {CLIENT} ping -c 3 {WEB}", place.docker("exec", CLIENT, "ping", "-c", "3", WEB))
    say("A page through the published port.")
    page = place.fetch(PORT)
    print(page.rstrip())
    if "a page from a container" not in page:
        raise Failed("the page did not arrive")
    say("What the data path saw.")
    names_known(place)
    for noun in ("status", "networks", "endpoints", "ports", "drops"):
        show(f"fairlead {noun}", place.fairlead(noun, check=noun != "status"))


def names_known(place):
    """The daemon learns names from Docker's API beside its work: a few seconds at most, and nothing depends on it."""
    try:
        wait_until(lambda: WEB in place.fairlead("endpoints").out, "names", timeout=8, step=0.2)
    except Failed:
        print("(Docker has not told the names yet.)")


def snapshot():
    now = leftovers.snapshot()
    return {kind: now[kind] for kind in COMPARED}


def still_there(before):
    for _ in range(20):
        found = leftovers.differences(before, snapshot())
        if not found:
            return []
        time.sleep(0.25)
    return found


def main():
    parser = argparse.ArgumentParser(prog="scripts/quickstart", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running")
    parser.add_argument("--own-engine", action="store_true", help="do not use the machine's engine")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        raise Failed("must run as root")
    if lab.hosts():
        raise Failed("a lab, or a kept quickstart, is up: scripts/lab down")
    leftovers.clean()
    before = snapshot()
    scratch = tempfile.mkdtemp(prefix="fairlead-quickstart-")
    own = arguments.own_engine or not engine_runs()
    try:
        place = OwnPlace(scratch, arguments.keep) if own else MachinePlace(scratch)
        kept = False
        try:
            tour(place)
            if arguments.keep:
                place.remember()
                kept = True
        finally:
            if not kept:
                place.close()
    except BaseException:
        print(f"\nLogs: {scratch}", file=sys.stderr)
        raise
    if arguments.keep:
        return 0
    shutil.rmtree(scratch)
    found = still_there(before)
    if found:
        raise Failed("left behind:\n" + "\n".join(found))
    say("Cleaned up: no link, route, pin, process or file is left.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, subprocess.SubprocessError) as failure:
        print(f"quickstart: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
