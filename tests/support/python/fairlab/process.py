"""Running programs: short ones with their outcome, long ones as handles."""

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """For preexec_fn: the kernel kills this process when the one that started it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Outcome:
    command: list
    code: int
    out: str
    err: str

    @property
    def text(self):
        return self.out.strip()

    def __str__(self):
        return f"$ {' '.join(self.command)}\nexit {self.code}\n{self.out}{self.err}"


class Failed(Exception):
    """A program that should have succeeded did not."""


def environment(extra=None):
    return {
        "PATH": PATH,
        "LC_ALL": "C",
        "HOME": "/run/host",
        **{k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN", "FAIRLEAD"))},
        **(extra or {}),
    }


def run(command, *, timeout=60, check=True, data=None, env=None, preexec=None):
    """Runs to the end. Exit codes 124 and 137 are what `timeout` says when it took too long."""
    guarded = ["timeout", "-k", "2", str(timeout), *command]
    done = subprocess.run(
        guarded,
        input=data,
        capture_output=True,
        env=environment(env),
        preexec_fn=preexec,
        timeout=timeout + 10,
        check=False,
    )
    outcome = Outcome(
        list(command),
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
    )
    if check and outcome.code != 0:
        raise Failed(str(outcome))
    return outcome


def wait_until(condition, what, timeout=15.0, step=0.02):
    """Polls: returns the first true value; raises with `what` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {timeout} s in vain: {what}")
        time.sleep(step)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


class Background:
    """A program that stays. `wrapped`: the command is an nsenter that forked, the program its child."""

    def __init__(self, popen, command, log, wrapped=True):
        self.popen = popen
        self.command = command
        self.log = log
        self.wrapped = wrapped

    @property
    def pid(self):
        """In the machine's own pid namespace."""
        if not self.wrapped:
            return self.popen.pid
        found = wait_until(
            lambda: children(self.popen.pid) or self.popen.poll() is not None,
            f"{self.command[0]} to start",
        )
        if found is True:
            raise Failed(f"{self.command[0]} ended with {self.popen.returncode}\n{self.tail()}")
        return found[0]

    def alive(self):
        return self.popen.poll() is None

    def send(self, signum):
        if self.alive():
            os.kill(self.pid, signum)

    def stop(self, signum=signal.SIGTERM, timeout=20):
        """Ends it and returns its exit code; after `timeout` seconds by SIGKILL."""
        try:
            self.send(signum)
            code = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            code = self.popen.wait(10)
        except (Failed, ProcessLookupError):
            code = self.popen.wait(10)
        if self.popen.stdout:
            self.popen.stdout.close()
        return code

    def tail(self, lines=30):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return "".join(file.readlines()[-lines:])
        except (OSError, TypeError):
            return ""
