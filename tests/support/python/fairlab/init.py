"""Process 1 of a host: makes the host's file systems private, then reaps until it is killed.

Run by host.py in fresh net, mount, uts and pid namespaces. With it die all processes of the host, and
with them the namespaces, the mounts, the pins and the devices.
"""

import os
import signal
import socket
import subprocess
import sys


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def make_private(name):
    socket.sethostname(name)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    if os.path.isdir("/sys/fs/bpf"):
        mount("-t", "bpf", "bpf", "/sys/fs/bpf")
    if os.path.isdir("/etc/docker"):  # the engine writes its key there
        mount("-t", "tmpfs", "tmpfs", "/etc/docker")
    os.makedirs("/run/docker/plugins")
    os.makedirs("/run/host")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def reap():
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


def main():
    try:
        make_private(sys.argv[1])
    except (OSError, subprocess.CalledProcessError) as error:
        print(error, flush=True)
        sys.exit(1)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    print("ready", flush=True)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    reap()


main()
