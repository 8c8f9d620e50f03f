"""An SVG of ratios: one group of bars for each case, a bar for each contender, longer is better.

A case without the contender `host` (containers of one host) is compared with Docker's bridge, or with what stands for
it. The thin line on a bar is the spread.
"""

from xml.sax.saxutils import escape

from . import spread
from .case import LOWER
from .contender import FRAMES, SUPER

TITLES = {SUPER: "wire that carries super-packets", FRAMES: "wire with frames of the MTU"}
BASES = ("host", "docker-bridge", "kernel")
COLOURS = {"host": "#9aa0a6", "host-50": "#c4c7c5", "kernel": "#b08d57", "docker-bridge": "#6b8fb5",
           "docker-overlay": "#a8c0d8", "fairlead": "#1b7f5a", "fairlead-xdp": "#6fbf9a"}
OTHER = "#8a6fb5"
LEFT, BAR, GAP, TITLE = 330, 13, 12, 34  # pixels
ONE = 300  # the length of 1.0
WIDTH, LONGEST = 1080, 2.2  # bars beyond are cut, their number stands beside them


def draw(runs, cases, machine):
    """Text of the SVG, or None if there is nothing to compare."""
    lines, y = [], TITLE
    by_id = {case.id: case for case in cases}
    for kind in (SUPER, FRAMES):
        groups = [(by_id[name], found) for name, found in runs.figures.get(kind, {}).items()]
        groups = [(case, bars) for case, found in groups if (bars := _bars(case, found))]
        if groups:
            lines.append(_text(12, y, TITLES[kind], 15, weight="bold"))
            y += 22
        for case, bars in groups:
            base, figures = bars
            lines.append(_text(LEFT - 12, y + BAR, case.what, 12, anchor="end"))
            lines.append(_text(LEFT - 12, y + BAR + 14, f"{base} = 1", 10, anchor="end", colour="#666"))
            for name, figure in figures:
                lines += _bar(y, name, figure)
                y += BAR + 2
            y += GAP + max(0, 2 - len(figures)) * (BAR + 2)
        y += GAP if groups else 0
    if y == TITLE:
        return None
    one = LEFT + ONE
    lines.append(f'<line x1="{one}" x2="{one}" y1="{TITLE}" y2="{y}" stroke="#444" stroke-dasharray="3 3"/>')
    note = (f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}. Medians of interleaved rounds,"
            " longer is better.")
    lines.append(_text(12, y + 16, note, 11, colour="#666"))
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 28}"'
                      ' font-family="sans-serif">', '<rect width="100%" height="100%" fill="white"/>', *lines,
                      "</svg>\n"])


def _bars(case, found):
    """(name of the base, [(contender, Figure of how many times as good as the base)])."""
    base = next((name for name in BASES if name in found), None)
    if base is None or len(found) < 2:
        return None
    figures = []
    for name, own in found.items():
        figure = (spread.ratio(found[base], own) if case.better == LOWER else spread.ratio(own, found[base]))
        if name != base and figure:
            figures.append((name, figure))
    return (base, figures) if figures else None


def _bar(y, name, figure):
    length = min(figure.median, LONGEST) * ONE
    low, high = (LEFT + min(end, LONGEST) * ONE for end in (figure.low, figure.high))
    middle = y + BAR / 2
    yield (f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{COLOURS.get(name, OTHER)}"/>')
    yield f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="black"/>'
    yield _text(LEFT + 4 + max(length, high - LEFT), y + BAR - 2, f"{figure.median:.2f}  {name}", 11)


def _text(x, y, text, size, *, anchor="start", weight="normal", colour="#111"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
            f' fill="{colour}">{escape(text)}</text>')
