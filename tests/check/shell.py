"""Shell scripts pass shellcheck."""

import shutil
import subprocess

import tree

if not shutil.which("shellcheck"):
    tree.lack("shellcheck")
scripts = [name for name in tree.files() if tree.text(name)[:64].startswith(("#!/bin/sh", "#!/bin/bash",
                                                                            "#!/usr/bin/env bash"))]
done = subprocess.run(["shellcheck", "--severity=style", *scripts], cwd=tree.ROOT, capture_output=True, text=True,
                      check=False)
tree.finish([done.stdout] if done.returncode else [])
