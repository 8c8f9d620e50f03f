"""No file collects everything and no function does. Exceptions stand in size_allow.txt with a reason."""

import re

import tree

FILE_LIMIT = 500
FUNCTION_LIMIT = 60

ALLOWED = {}
for row in tree.text("tests/check/size_allow.txt").splitlines():
    if row.strip() and not row.startswith("#"):
        what, _, reason = row.partition(" ")
        ALLOWED[what] = reason

NOT_A_FUNCTION = r"(?!\s|(?:if|for|while|switch|else|do|namespace|struct|class|enum)\b|\}|#)"
START = re.compile(rf"^(?P<indent>[ \t]*){NOT_A_FUNCTION}.*?(?P<name>[\w~:]+)\([^;]*\{{$")
problems = []
used = set()


def over(what, lines, limit):
    if lines <= limit:
        return
    if what in ALLOWED:
        used.add(what)
        return
    problems.append(f"{what}: {lines} lines, limit {limit}")


def functions(name, lines):
    """Opening line to closing brace of the same indentation, as clang-format leaves them."""
    open_at, indent, function = None, "", ""
    head = ""
    for number, line in enumerate(lines):
        if open_at is not None:
            if line.startswith(f"{indent}}}"):
                over(f"{name}:{function}", number - open_at + 1, FUNCTION_LIMIT)
                open_at = None
            continue
        joined = f"{head} {line.strip()}" if head else line
        match = START.match(joined)
        if match:
            open_at, indent, function = number, match["indent"], match["name"]
            head = ""
        elif line.strip() == "{" and head:  # kernel style: the brace of a function has its own line
            open_at, indent = number, ""
            function = (re.findall(r"(\w+)\(", head) or ["?"])[0]
            head = ""
        elif not line.strip() or line.rstrip().endswith((";", "}")):
            head = ""
        elif "(" in line and not line.lstrip().startswith(("//", "*", "#", "/*")):
            head = line.rstrip()


for each in tree.files(".c", ".h", ".cpp", ".py"):
    content = tree.text(each).splitlines()
    over(each, len(content), FILE_LIMIT)
    if not each.endswith(".py"):
        functions(each, content)
for name in set(ALLOWED) - used:
    problems.append(f"size_allow.txt: {name} is not over its limit any more: remove the line")
tree.finish(problems, "split it by concern, or add it to tests/check/size_allow.txt with a reason")
