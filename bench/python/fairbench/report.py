"""The JSON document: machine, rows of design.md section 8, every raw figure."""

import json

from . import spread, targets


def document(runs, cases, contenders, machine, options):
    return {
        "machine": {**machine, "others": runs.others},
        "options": options,
        "rows": [targets.judge(row, runs) for row in targets.ROWS],
        "further_rows": [targets.judge(row, runs) for row in targets.FURTHER],
        "cases": {case.id: {"what": case.what, "unit": case.unit, "better": case.better, "cpu_unit": case.cpu_unit}
                  for case in cases},
        "contenders": {contender.name: contender.what for contender in contenders},
        "medians": {kind: {name: {who: spread.of([run["value"] for run in figures]).json()
                                  for who, figures in found.items()} for name, found in by_case.items()}
                    for kind, by_case in runs.figures.items()},
        "checks": runs.checks,
        "missing": runs.missing,
        "failed": runs.failed,
        "runs": runs.figures,
    }


def write(path, content):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")
