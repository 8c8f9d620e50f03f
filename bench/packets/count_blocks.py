"""BPF assembly in, the same program out, which counts how often each of its basic blocks is walked through.

  count_blocks.py PROGRAM.s COUNTED.s

There is no hardware counter for BPF instructions. A basic block is walked from its first instruction to its last, so
the number of instructions that a packet costs is the sum over the blocks of length times count. Two sections of u32
are added, which libbpf makes maps of: .data.fl_blocks (the counts) and .data.fl_length (the lengths).

A mark takes two registers. Which hold nothing that is still wanted is known from the text: wanted later (liveness, from
the end), and written before (from the start). Where fewer than two are free, one is put aside on the stack.
"""
import re
import sys

REGISTER = re.compile(r"\b[rw](10|[0-9])\b")
ASSIGN = re.compile(r"^[rw]([0-9]) (\S*)= (.*)$")
STACK = re.compile(r"\(r10 - (\d+)\)|\b[rw]\d \+= -(\d+)$")
TARGET = re.compile(r"\bgoto (\S+)$")
CALLER_SAVED = frozenset(range(0, 6))
ARGUMENTS = frozenset(range(1, 6))
MAX_BLOCKS = 32768 // 4  # what an instruction's offset reaches


def instruction_of(line: str) -> str:
    """The instruction on a line of assembly; empty: it is a label, a directive or a comment."""
    text = line.split("#")[0].strip()
    return "" if not text or text.startswith(".") or text.endswith(":") else text


def reads(text: str) -> frozenset:
    if text == "exit":
        return frozenset({0})
    if text.startswith("call"):
        return ARGUMENTS
    assign = ASSIGN.match(text)
    read = assign.group(3) if assign and not assign.group(2) else text
    return frozenset(int(r) for r in REGISTER.findall(read)) - {10}


def writes(text: str) -> frozenset:
    if text.startswith("call"):
        return CALLER_SAVED
    assign = ASSIGN.match(text)
    return frozenset({int(assign.group(1))}) if assign else frozenset()


class Block:
    def __init__(self, line: int):
        self.line = line  # of its first instruction
        self.is_first = False  # of its function
        self.labels = []
        self.code = []
        self.next = []  # labels, and None for the block that follows
        self.wanted = frozenset()  # at its start
        self.written = frozenset()

    def wanted_at_start(self, wanted: frozenset) -> frozenset:
        for text in reversed(self.code):
            wanted = wanted - writes(text) | reads(text)
        return wanted

    def written_at_end(self) -> frozenset:
        written = self.written
        for text in self.code:
            written = written - CALLER_SAVED | {0} if text.startswith("call") else written | writes(text)
        return written


def ends_block(text: str) -> bool:
    return text == "exit" or TARGET.search(text) is not None


def split(lines: list, first: int, last: int) -> list:
    """The blocks of a function whose body is lines[first:last]."""
    blocks, labels = [], []
    open_block = None
    for at in range(first, last):
        stripped = lines[at].split("#")[0].strip()
        if re.match(r"^LBB\w+:$", stripped):
            labels.append(stripped[:-1])
            open_block = None
            continue
        text = instruction_of(lines[at])
        if not text:
            continue
        if open_block is None:
            open_block = Block(at)
            open_block.labels, labels = labels, []
            blocks.append(open_block)
        open_block.code.append(text)
        if ends_block(text):
            open_block = None
    blocks[0].is_first = True
    for block in blocks:
        jump = TARGET.search(block.code[-1])
        block.next = [jump.group(1)] if jump else []
        if not block.code[-1].startswith(("goto", "exit")):
            block.next.append(None)
    return blocks


def analyse(blocks: list) -> None:
    """Fills wanted and written of every block."""
    by_label = {label: block for block in blocks for label in block.labels}
    after = {block: [by_label[to] if to else blocks[i + 1] for to in block.next] for i, block in enumerate(blocks)}
    blocks[0].written = ARGUMENTS
    changed = True
    while changed:
        changed = False
        for block in reversed(blocks):
            wanted = block.wanted_at_start(frozenset().union(*(b.wanted for b in after[block])))
            changed |= wanted != block.wanted
            block.wanted = wanted
        for block in blocks:
            end = block.written_at_end()
            for follower in after[block]:
                changed |= not end <= follower.written
                follower.written |= end


def stack_of(blocks: list) -> int:
    used = [int(a or b) for block in blocks for text in block.code for a, b in STACK.findall(text)]
    return -(-max([0] + [n for n in used if n <= 512]) // 8) * 8


def place(lines: list, block: Block) -> int:
    """Where a mark goes: in front of the labels by which relocations know the first instruction. But a function has to
    begin with one that debug information knows."""
    at = block.line
    while not block.is_first and re.match(r"^\s*(\.Ltmp\d+:|\.loc\b|#|$)", lines[at - 1]):
        at -= 1
    return at


def mark(block: Block, index: int, stack: int) -> list:
    free = sorted(set(range(0, 10)) - (block.wanted & block.written))
    aside = [r for r in range(9, -1, -1) if r not in free][: max(0, 2 - len(free))]
    at, value = (free + aside)[:2]
    slots = [(register, stack + 8 * (i + 1)) for i, register in enumerate(aside)]
    return (
        [f"*(u64 *)(r10 - {slot}) = r{register}" for register, slot in slots]
        + [f"r{at} = fl_blocks ll", f"w{value} = *(u32 *)(r{at} + {4 * index})", f"w{value} += 1"]
        + [f"*(u32 *)(r{at} + {4 * index}) = w{value}"]
        + [f"r{register} = *(u64 *)(r10 - {slot})" for register, slot in slots]
    )


def rewritten(line: str) -> str:
    """What clang 14 prints but does not read as it meant it: moves whose sides are named by different widths, of which
    the source's counts; and compare-and-exchange."""
    move = re.match(r"^(\s*)[rw](\d) = ([rw])(\d)(\s|$)", line)
    if move:
        return f"{move.group(1)}{move.group(3)}{move.group(2)} = {move.group(3)}{move.group(4)}"
    swap = re.match(r"^\s*w0 = cmpxchg32_32\(r(\d) \+ (\d+), w0, w(\d)\)", line)
    if not swap:
        return line
    where, offset, new = (int(part) for part in swap.groups())
    # BPF_STX | BPF_ATOMIC | BPF_W, and BPF_CMPXCHG
    code = 0xC3 | (new << 4 | where) << 8 | offset << 16 | 0xF1 << 32
    return f"\t.quad\t{code:#x}"


def functions(lines: list):
    """First and last line of each function's body."""
    names = {m.group(1) for line in lines if (m := re.match(r"^\s*\.type\s+(\w+),@function", line))}
    start = None
    for at, line in enumerate(lines):
        label = re.match(r"^(\.?\w+):", line)
        if label and label.group(1) in names:
            start = at + 1
        elif label and label.group(1).startswith(".Lfunc_end") and start:
            yield start, at
            start = None


def data(symbol: str, values: list) -> list:
    return [
        f'\t.section\t.data.{symbol},"aw",@progbits',
        f"\t.globl\t{symbol}",
        f"\t.type\t{symbol},@object",
        "\t.p2align\t3",
        f"{symbol}:",
        *(f"\t.long\t{value}" for value in values),
        f"\t.size\t{symbol}, {4 * len(values)}",
    ]


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as source:
        lines = source.read().split("\n")
    marks, lengths = {}, []
    for first, last in functions(lines):
        blocks = split(lines, first, last)
        analyse(blocks)
        for block in blocks:
            marks[place(lines, block)] = mark(block, len(lengths), stack_of(blocks))
            lengths.append(len(block.code))
    if len(lengths) > MAX_BLOCKS:
        sys.exit(f"{sys.argv[1]}: {len(lengths)} basic blocks, and marks reach {MAX_BLOCKS}: give them an array each")
    out = []
    for at, line in enumerate(lines):
        out += [f"\t{text}" for text in marks.get(at, [])]
        out.append(rewritten(line))
    out += data("fl_blocks", [0] * len(lengths)) + data("fl_length", lengths)
    with open(sys.argv[2], "w", encoding="utf-8") as target:
        target.write("\n".join(out) + "\n")


main()
