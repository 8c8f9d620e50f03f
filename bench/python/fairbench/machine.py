"""The machine that measures: what it is, and how busy it was."""

import os
import platform
import time

from . import tcp

TICK = os.sysconf("SC_CLK_TCK")


def busy_seconds():
    """CPU time that all cores together have spent on anything, in interrupts too, since the machine started. Time that
    a hypervisor took away is not in it."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICK


def idle_load(seconds):
    """Share of one core that is busy while nothing is measured."""
    before, start = busy_seconds(), time.monotonic()
    time.sleep(seconds)
    return (busy_seconds() - before) / (time.monotonic() - start)


def describe():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("model name", "Model", "CPU part")):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "architecture": platform.machine(),
            "congestion_control": tcp.CONTROL,
            "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20}
