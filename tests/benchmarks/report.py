"""Writes the results of the benchmarks: a table in Markdown, and a plot in SVG."""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, Measured, Round

# The scenarios that the plot shows, in order, each with the label of its bar.
BARS = {
    "ceiling of POST, 64": "no database (ceiling)",
    "POST, 64": "POST, 10,000 owners",
    "POST, Zipf": "POST, Zipf",
    "POST, one hot owner": "POST, one hot owner",
    "POST, 10 % duplicates": "POST, 10 % duplicates",
    "POST, 10 % refusals": "POST, 10 % refusals",
    "POST, 10 % new owners": "POST, 10 % new owners",
    "pgbench": "pgbench, 10,000 rows",
    "pgbench, prepared": "the same, prepared",
    "pgbench, one hot row": "pgbench, one hot row",
    "naive service": "naive service",
}


@dataclass(frozen=True)
class Bar:
    """A bar of the plot: a rate as a share of the ceiling's, over all rounds."""

    label: str
    median: float
    low: float
    high: float


def write(
    figures: Sequence[Figure], rounds: Sequence[Round], postgresql: str, folder: Path
) -> None:
    """Writes `performance-table.md` and `performance.svg` to `folder`; prints the table."""
    table = _table([figure.over(rounds) for figure in figures], rounds, postgresql)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "performance-table.md").write_text(table)
    (folder / "performance.svg").write_text(plot(_bars(rounds)))
    print(table)


def _table(measured: Sequence[Measured], rounds: Sequence[Round], postgresql: str) -> str:
    lines = [
        f"{len(rounds)} rounds; {_machine()}; PostgreSQL {postgresql}, durable.",
        "",
        "| ratio | median | lowest to highest | target | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in measured:
        verdict = ("reached" if one.reached else "**missed**") if one.target else ""
        spread = f"{one.low:.2f} to {one.high:.2f}"
        lines.append(
            f"| {one.figure.name} | {one.median:.2f} | {spread} | {one.target} | {verdict} |"
        )
    lines += ["", "| on this machine | median per second |", "| --- | --- |"]
    for name in rounds[-1]:  # which has what is measured only once, too
        if not name.startswith(("start", "memory")):
            rates = [one[name] for one in rounds if name in one]
            lines.append(f"| {name} | {median(rates):,.0f} |")
    return "\n".join([*lines, ""])


def _machine() -> str:
    information = Path("/proc/cpuinfo")
    names = information.read_text().splitlines() if information.exists() else []
    models = [line.partition(": ")[2] for line in names if line.startswith("model name")]
    processor = models[0] if models else platform.processor()
    return f"{os.cpu_count()} processors, {processor}; Python {platform.python_version()}"


def _bars(rounds: Sequence[Round]) -> Iterator[Bar]:
    for name, label in BARS.items():
        shares = [one[name] / one["ceiling of POST, 64"] for one in rounds]
        yield Bar(label, median(shares), min(shares), max(shares))


def plot(bars: Iterable[Bar]) -> str:
    """Returns the plot as SVG."""
    bars = [*bars]
    width, left, height = 760, 190, 26
    scale = (width - left - 60) / max(bar.high for bar in bars)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="13"'
        f' viewBox="0 0 {width} {height * (len(bars) + 2)}">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="10" y="20">Posts per second; 1 is what the service answers without a database.'
        " 64 connections, one worker.</text>",
    ]
    for row, bar in enumerate(bars, 1):
        y = height * row + 8
        colour = "#2b6cb0" if bar.label.startswith("POST") else "#a0aec0"
        middle = y + height / 2 - 3
        parts += [
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{left}" y="{y}" width="{bar.median * scale:.1f}" height="{height - 6}"'
            f' fill="{colour}"/>',
            f'<path d="M{left + bar.low * scale:.1f} {middle}H{left + bar.high * scale:.1f}"'
            ' stroke="black"/>',
            f'<text x="{left + bar.high * scale + 8:.1f}" y="{y + 15}">{bar.median:.2f}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
