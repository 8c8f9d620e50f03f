"""What containers of the tests are made of: busybox and the tests' own tool, nothing else."""

import io
import os
import shutil
import subprocess
import tarfile

from .process import Failed, run

HERE = os.path.dirname(__file__)
SUPPORT = os.path.normpath(os.path.join(HERE, "../.."))
SOURCES = [os.path.join(SUPPORT, name) for name in ("tool.c", "traffic.c", "answer.c", "flows.c", "syns.c", "trace.c")]
HEADERS = [os.path.join(SUPPORT, name) for name in ("tool.h", "flows.h")]
TREE = os.path.normpath(os.path.join(HERE, "../../../.."))
BUILD = os.path.join(TREE, "build", "tests")
NAME = "fairlead-test"


def tool():
    """Path of the tool, built if its sources are newer."""
    target = os.path.join(BUILD, "tool")
    newest = max(os.path.getmtime(path) for path in (*SOURCES, *HEADERS))
    if os.path.exists(target) and os.path.getmtime(target) >= newest:
        return target
    os.makedirs(BUILD, exist_ok=True)
    fresh = f"{target}.{os.getpid()}"
    run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", fresh, *SOURCES])
    os.replace(fresh, target)
    return target


def _busybox():
    path = shutil.which("busybox", path="/usr/bin:/bin")
    if not path:
        raise Failed("busybox is missing: apt-get install busybox-static")
    return path


def archive():
    """The root file system as a tar, for `docker import`."""
    busybox = _busybox()
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in ("bin", "etc", "tmp", "www", "proc", "sys", "dev"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        tar.add(busybox, "bin/busybox")
        tar.add(tool(), "bin/tool")
        for applet in sorted(set(applets) - {"busybox"}):
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
        page = b"<h1>a page from a container</h1>\n"
        entry = tarfile.TarInfo("www/index.html")
        entry.size, entry.mode = len(page), 0o644
        tar.addfile(entry, io.BytesIO(page))
    return buffer.getvalue()
