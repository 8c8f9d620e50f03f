"""C and C++ are formatted by clang-format 14, whose answers other versions do not repeat."""

import shutil
import subprocess

import tree

tool = shutil.which("clang-format-14") or shutil.which("clang-format")
if not tool or " 14." not in subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout:
    tree.lack("clang-format 14")

names = tree.files(".c", ".h", ".cpp")
done = subprocess.run([tool, "--dry-run", "--style=file", *names], cwd=tree.ROOT, capture_output=True, text=True,
                      check=True)
bad = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "-Wclang-format-violations" in line})
tree.finish(bad, "not formatted: clang-format -i FILE")
