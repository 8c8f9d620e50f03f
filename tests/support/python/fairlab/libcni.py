"""libcni, the library of runtimes, in a program of its own (support/go/libcni.go)."""

import json
import os

from . import cni
from .image import BUILD, SUPPORT
from .process import run

SOURCE = os.path.join(SUPPORT, "go", "libcni.go")
COMPILERS = ("/usr/bin/go", "/usr/lib/go-1.19/bin/go")


def program():
    """Path of it, built if its source is newer, with the library of the distribution's package."""
    target = os.path.join(BUILD, "libcni")
    if os.path.exists(target) and os.path.getmtime(target) >= os.path.getmtime(SOURCE):
        return target
    compiler = next((path for path in COMPILERS if os.path.exists(path)), COMPILERS[0])
    fresh = f"{target}.{os.getpid()}"
    run([compiler, "build", "-o", fresh, SOURCE], timeout=300,
        env={"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": os.path.join(BUILD, "go"),
             "GOFLAGS": "-p=2", "CGO_ENABLED": "0"})
    os.replace(fresh, target)
    return target


def call(verb, place, path, *, interface="eth0", arguments=None, check=True):
    """`path`: of a list on the host. Returns the result, None where there is none, or the Outcome unless `check`."""
    words = [program(), verb, path, place.netns, place.id, interface]
    words += [json.dumps(arguments)] if arguments else []
    outcome = place.host.run(*words, env={"CNI_PATH": cni.PLUGINS}, check=check)
    if not check:
        return outcome
    return json.loads(outcome.out) if outcome.out.strip() else None
