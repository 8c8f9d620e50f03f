"""The performance tests: contenders side by side, cases, statistics, report. Run by scripts/bench.

How to add to it: a contender is a subclass of contender.Contender, a case one of case.Case; both are named in
registry.py. What design.md section 8 asks for is in targets.py, as ratios of two contenders' figures in one case.
"""
