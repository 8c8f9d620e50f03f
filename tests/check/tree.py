"""The tracked files of this tree, and how a check ends."""

import os
import subprocess
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def files(*suffixes, under=()):
    """Paths relative to the root. Without git (a source archive): all files outside build/."""
    done = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard"],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    names = done.stdout.splitlines() if done.returncode == 0 else _walk()
    return sorted(
        name for name in set(names)
        if name.endswith(suffixes or "") and (not under or name.startswith(tuple(under)))
        and os.path.isfile(os.path.join(ROOT, name))
    )


def _walk():
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in (".git", "build")]
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return found


def text(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def finish(problems, advice=""):
    for problem in problems:
        print(problem)
    if problems and advice:
        print(advice)
    sys.exit(1 if problems else 0)


def lack(tool):
    """Ends the check because a tool is missing: a skip, or a failure where all must run."""
    print(f"{tool} is missing: scripts/deps installs it")
    sys.exit(1 if os.environ.get("FAIRLEAD_REQUIRE_ALL") == "1" else 77)
