"""Python files compile, import nothing that they do not use, and are not wider than 120 columns."""

import ast

import tree

LIMIT = 120
problems = []


def imported(node):
    for alias in node.names:
        yield (alias.asname or alias.name).split(".")[0], node.lineno


for name in tree.files(".py"):
    source = tree.text(name)
    try:
        parsed = ast.parse(source)
    except SyntaxError as error:
        problems.append(f"{name}:{error.lineno}: {error.msg}")
        continue
    used = {node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)}
    for node in ast.walk(parsed):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "noqa" not in source.splitlines()[node.lineno - 1]:
            problems += [f"{name}:{line}: {what} is imported and not used" for what, line in imported(node)
                         if what not in used]
    problems += [f"{name}:{number}: {len(line)} columns, limit {LIMIT}"
                 for number, line in enumerate(source.splitlines(), 1) if len(line) > LIMIT]
tree.finish(problems)
