"""scripts/bench measures, and says all that it should. How fast things are is no matter here."""

import json
import os
import subprocess
import sys

from fairlab.image import TREE

ROWS = 13  # of design.md section 8


def bench(*words):
    path = os.pathsep.join((os.path.join(TREE, "bench", "python"), os.path.join(TREE, "tests", "support", "python")))
    return subprocess.run([sys.executable, "-m", "fairbench", *words], env={**os.environ, "PYTHONPATH": path},
                          capture_output=True, text=True, timeout=120, check=False)


def test_one_case_with_two_contenders(tmp_path):
    out = tmp_path / "out.json"
    done = bench("tcp-rr", "tcp-1", "--quick", "--rounds=2", "--seconds=0.05", "--contender=host", "--contender=kernel",
                 f"--json={out}", f"--table={tmp_path}/out.md")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(out.read_text())

    assert len(document["rows"]) == ROWS
    for row in document["rows"]:  # fairlead did not take part
        assert (row["measured"], row["reached"]) == (None, None), row
        assert row["id"] and row["what"] and row["target"], row
    for case in ("tcp-rr", "tcp-1"):
        for contender in ("host", "kernel"):
            runs = document["runs"]["super"][case][contender]
            assert [run["round"] for run in runs] == [0, 1]
            assert all(run["value"] > 0 for run in runs)
    assert {check["contender"] for check in document["checks"]} == {"host", "kernel"}
    assert document["failed"] == [] and document["missing"] == {}
    assert (tmp_path / "out.svg").read_text().count("<rect") == 3  # the ground, and the kernel's bar in each case
    assert "of host" in done.stdout and "not measured" in done.stdout


def test_frames_are_not_larger_than_the_wire_takes(tmp_path):
    out = tmp_path / "out.json"
    done = bench("udp-64", "--wire=frames", "--rounds=1", "--seconds=0.05", "--contender=host", f"--json={out}")
    assert done.returncode == 0, done.stdout + done.stderr
    (check,) = json.loads(out.read_text())["checks"]
    assert check["largest"] == check["mtu"] == 1500 and check["right"]


def test_what_is_not_there_is_refused():
    for words in (["no-such-case"], ["--contender=nobody"]):
        done = bench(*words)
        assert done.returncode == 2
        assert "no" in done.stderr and "is called" in done.stderr
