"""A tier of the test suite that is stopped at its limit takes all that it started with it."""

import pytest
from fairlab import leftovers, tiers

LIMIT = 8  # seconds: enough for a pytest to make a wire

ENDLESS = """
import time
from fairlab.host import Wire

def test_endless():
    Wire().host("node", 12).start("sleep", "1000")
    with open({began!r}, "w"):
        time.sleep(1000)
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree of its own, whose tests never end, and a run of its own."""
    monkeypatch.setattr(tiers, "TREE", str(tmp_path))
    monkeypatch.setenv(leftovers.MARK, f"limit-{tmp_path}")
    for tier in ("unit", "netns"):
        monkeypatch.setitem(tiers.LIMIT, tier, LIMIT)
    return tmp_path


def assert_limited(tier, result):
    """Files apart: somebody else on this machine may make one meanwhile."""
    said = [line for line in result.failed if not line.startswith(f"{tier}: files")]
    assert said == [f"{tier}: over its limit of {LIMIT} s"]


def test_hosts_end_with_the_tier_that_made_them(tree):
    (tree / "tests/netns").mkdir(parents=True)
    (tree / "tests/netns/test_endless.py").write_text(ENDLESS.format(began=str(tree / "began")), encoding="ascii")

    result = tiers.run_tier("netns", {"release": ""}, str(tree), ["-s"])

    assert (tree / "began").exists(), "the limit is too short for this machine"
    assert_limited("netns", result)


def test_programs_of_ctest_end_too(tree):
    (tree / "CTestTestfile.cmake").write_text(
        f"add_test(endless sh -c \"touch {tree}/began; sleep 1000\")\n"
        "set_tests_properties(endless PROPERTIES LABELS unit)\n", encoding="ascii")

    result = tiers.run_tier("unit", {"dev": str(tree)}, str(tree), [])

    assert (tree / "began").exists()
    assert_limited("unit", result)
