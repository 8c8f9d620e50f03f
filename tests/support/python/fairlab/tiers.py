"""Runs the tiers of the test suite and adds up what happened. Called by scripts/test."""

import argparse
import collections
import glob
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from . import leftovers
from .image import TREE
from .process import die_with_parent

CTEST = ("unit", "bpf", "fuzz", "check")
PYTEST = ("netns", "docker", "cluster", "cni")
# A tier's shards run side by side: words for pytest, and files; () are the files named nowhere, None is all of them.
# Tests that mostly wait are spread over them.
SHARDS = {
    "netns": [((), ("test_daemon.py", "test_many_flows.py", "test_rates.py")),
              ((), ("test_firewall.py", "test_guard.py", "test_limit.py", "test_local_clients.py", "test_shortcut.py")),
              ((), ())],
    "docker": [(("-k", "bridge"), None),
               (("-k", "not bridge"), ("test_lifecycle.py", "test_exposure.py", "test_port_ranges.py")),
               (("-k", "not bridge"), ())],
    "cluster": [((), ("test_etcd.py", "test_hosts.py")),
                ((), ("test_addresses.py", "test_lab.py", "test_quota.py", "test_tls.py", "test_underlay.py")),
                ((), ())],
    "cni": [((), ("test_podman.py", "test_podman_networks.py", "test_chain.py", "test_install.py")),
            ((), ("test_docker.py", "test_hosts.py", "test_cri.py", "test_ctr.py")),
            ((), ())]}
LIMIT = {"unit": 600, "bpf": 600, "fuzz": 300, "check": 900, "netns": 900, "docker": 1500,
         "cluster": 900, "cni": 900}  # seconds


@dataclass
class Result:
    tier: str
    passed: int = 0
    failed: list = field(default_factory=list)
    skipped: list = field(default_factory=list)  # (name, reason)
    seconds: float = 0.0


def read_cases(path, result, prefix=""):
    """Adds the test cases of a JUnit-like file. Works for gtest, pytest and ctest."""
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{prefix}{case.get('classname', '')}.{case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed.append(name)
        elif skip is not None or case.get("status") in ("notrun", "disabled"):
            reason = (skip.get("message") or skip.text or "") if skip is not None else "disabled"
            result.skipped.append((name, reason.strip().splitlines()[-1] if reason.strip() else "no reason"))
        else:
            result.passed += 1


def run_ctest(tier, build, scratch):
    result = Result(tier)
    report = f"{scratch}/{tier}.xml"
    cases = f"{scratch}/{tier}/"
    os.makedirs(cases)
    env = {**os.environ, "GTEST_OUTPUT": f"xml:{cases}", "CTEST_OUTPUT_ON_FAILURE": "1"}
    command = ["ctest", "--test-dir", build, "-L", f"^{tier}$", "--output-junit", report, "--no-tests=ignore",
               "-j2"]  # they share nothing: what needs the kernel makes its own namespaces, programs and maps
    done = subprocess.run(command, env=env, check=False, timeout=LIMIT[tier], preexec_fn=die_with_parent)
    counted = set()
    for path in glob.glob(f"{cases}*.xml"):
        try:
            read_cases(path, result)
            counted.add(os.path.basename(path)[: -len(".xml")])
        except ET.ParseError:
            continue  # the program died while it wrote: ctest counts it below
    if os.path.exists(report):
        whole = Result(tier)
        rest = ET.parse(report)
        for case in list(rest.getroot().iter("testcase")):
            program = "test_" + case.get("name").replace(".", "_")
            if program in counted and case.get("status") == "run":
                rest.getroot().remove(case)
        rest.write(report)
        read_cases(report, whole)
        known = " ".join(result.failed)
        result.failed += [name for name in whole.failed if name not in known]
        result.passed += whole.passed
        result.skipped += whole.skipped
    if done.returncode != 0 and not result.failed:
        result.failed.append(f"ctest -L {tier} (exit {done.returncode})")
    return result


def run_pytest(tier, build, scratch, words):
    """Shards run side by side, each on hosts of its own; what they print comes one after the other."""
    result = Result(tier)
    env = {
        **os.environ,
        "FAIRLEAD_BUILD": build,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    shards = [[f"{TREE}/tests/{tier}", *words]] if words else shards_of(tier)
    running = []
    for number, shard in enumerate(shards):
        report, log = f"{scratch}/{tier}{number}.xml", f"{scratch}/{tier}{number}.log"
        command = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short",
                   f"--junitxml={report}", "-o", "junit_family=xunit1", "--durations=8", *shard]
        with open(log, "wb") as sink:
            running.append((subprocess.Popen(command, env=env, cwd=TREE, stdout=sink, stderr=subprocess.STDOUT,
                                             preexec_fn=die_with_parent), report, log))
    deadline = time.monotonic() + LIMIT[tier]
    for process, report, log in running:
        try:
            code = process.wait(max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
            result.failed.append(over_limit(tier))
        with open(log, encoding="utf-8", errors="replace") as file:
            print(file.read(), flush=True)
        if os.path.exists(report):
            read_cases(report, result)
        if code not in (0, 5) and not result.failed:
            result.failed.append(f"pytest tests/{tier} (exit {code})")
    return result


def shards_of(tier):
    """The words for pytest of each shard of a tier."""
    folder = f"{TREE}/tests/{tier}"
    named = [f"{folder}/{name}" for _, files in SHARDS[tier] for name in files or ()]
    shards = []
    for words, files in SHARDS[tier]:
        if files:
            shards.append([*words, *(f"{folder}/{name}" for name in files)])
        elif files is None:
            shards.append([*words, folder])
        else:
            shards.append([*words, *(f"--ignore={path}" for path in named), folder])
    return shards


def compile_tree(preset):
    started = time.monotonic()
    print(f"== build {preset}", flush=True)
    targets = ["fairleadd", "fairlead", "fairlead-cni"] if preset == "release" else []
    done = subprocess.run([f"{TREE}/scripts/build", "--no-deps", "--preset", preset, *targets], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout)
    print(f"   {time.monotonic() - started:.0f} s", flush=True)
    return done.returncode == 0


def run_tier(tier, builds, scratch, words):
    before = leftovers.snapshot()
    started = time.monotonic()
    print(f"== {tier}", flush=True)
    try:
        if tier in CTEST:
            result = run_ctest(tier, builds["dev"], scratch)
        else:
            result = run_pytest(tier, builds["release"], scratch, words)
    except subprocess.TimeoutExpired:
        result = Result(tier, failed=[over_limit(tier)])
    if over_limit(tier) in result.failed:
        leftovers.end_processes()
    result.seconds = time.monotonic() - started
    result.failed += [f"{tier}: {line}" for line in settled_differences(before)]
    return result


def over_limit(tier):
    return f"{tier}: over its limit of {LIMIT[tier]} s"


def settled_differences(before):
    """The kernel frees namespaces and cgroups a moment after their last process."""
    for _ in range(40):
        leftovers.clean()
        found = leftovers.differences(before, leftovers.snapshot())
        if not found:
            return []
        time.sleep(0.25)
    return found


def summary(results, require_all):
    print("\n== summary")
    for result in results:
        print(f"{result.tier:8} {result.passed:5} passed {len(result.failed):4} failed"
              f" {len(result.skipped):4} skipped {result.seconds:7.1f} s")
        for name in result.failed:
            print(f"         failed: {name}")
        reasons = collections.Counter(reason for _, reason in result.skipped)
        for reason, number in reasons.items():
            print(f"         not run on this machine, {number}: {reason}")
    if require_all:
        for result in results:
            result.failed += [f"{name}: skipped where all must run: {why}" for name, why in result.skipped]
    passed = sum(r.passed for r in results)
    failed = sum(len(r.failed) for r in results)
    skipped = sum(len(r.skipped) for r in results)
    if require_all and skipped:
        print("Skipped tests count as failed, because FAIRLEAD_REQUIRE_ALL=1.")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def parse():
    parser = argparse.ArgumentParser(prog="scripts/test")
    parser.add_argument("--tier", action="append", choices=CTEST + PYTEST,
                        help="only this one; may be given again (default: all)")
    parser.add_argument("--no-build", action="store_true", help="use what build/dev and build/release hold")
    parser.add_argument("pytest", nargs="*", help="after --: words for pytest, as in -- -k ports -x")
    return parser.parse_args()


def main():
    arguments = parse()
    if os.geteuid() != 0:
        print("scripts/test: must run as root: it makes namespaces and loads programs", file=sys.stderr)
        return 1
    tiers = arguments.tier or [*CTEST, *PYTEST]
    needed = {"dev" if tier in CTEST else "release" for tier in tiers}
    builds = {preset: f"{TREE}/build/{preset}" for preset in ("dev", "release")}
    leftovers.clean()
    os.environ[leftovers.MARK] = str(os.getpid())
    results = []
    for preset in sorted(needed):
        if not arguments.no_build and not compile_tree(preset):
            results.append(Result(f"{preset}", failed=["the build"]))
            needed.discard(preset)
    with tempfile.TemporaryDirectory(prefix="fltest-") as scratch:
        for tier in tiers:
            if ("dev" if tier in CTEST else "release") in needed:
                results.append(run_tier(tier, builds, scratch, arguments.pytest))
    return summary(results, os.environ.get("FAIRLEAD_REQUIRE_ALL") == "1")


if __name__ == "__main__":
    sys.exit(main())
