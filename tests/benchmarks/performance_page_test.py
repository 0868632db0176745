"""The plot of docs/performance.md is what the benchmarks draw of the rates in its tables.

Nothing is measured: the plot is read, drawn again, and compared with the tables.
"""

import re
from pathlib import Path

import pytest

from benchmarks.figures import FIGURES, Measured
from benchmarks.report import BARS, Bar, plot

PAGE = Path("docs/performance.md").read_text()
PLOT = Path("docs/performance.svg").read_text()
RATIOS = [
    (name, (float(median), float(low), float(high)), target, verdict.strip("*"))
    for name, median, low, high, target, verdict in re.findall(
        r"^\| (.+) \| ([\d.]+) \| ([\d.]+) to ([\d.]+) \| (.*?) ?\| ?(.*?) ?\|$", PAGE, re.MULTILINE
    )
]
RATES = {
    name: float(rate.replace(",", ""))
    for name, rate in re.findall(r"^\| ([^|]+) \| ([\d,]+) \|$", PAGE, re.MULTILINE)
}


def bars() -> list[Bar]:
    """The bars of the plot. The first one, the ceiling's, is as long as 1 is."""
    drawn = re.findall(
        r'end">(.*?)</text>\n<rect x="190" .*? width="(.*?)" .*\n<path d="M(.*?) .*?H(.*?)"', PLOT
    )
    one = float(drawn[0][1])
    return [
        Bar(label, float(width) / one, (float(low) - 190) / one, (float(high) - 190) / one)
        for label, width, low, high in drawn
    ]


def test_the_plot_is_the_one_that_the_benchmarks_draw() -> None:
    assert [bar.label for bar in bars()] == [*BARS.values()]
    assert PLOT == plot(bars())


@pytest.mark.parametrize("scenario, bar", [*zip(BARS, bars())], ids=BARS)
def test_the_plot_shows_what_is_in_the_tables(scenario: str, bar: Bar) -> None:
    name = f"{scenario.removesuffix(', 64')} / its ceiling"
    for ratio, shares, *_ in RATIOS:
        if ratio == name:
            assert (bar.median, bar.low, bar.high) == pytest.approx(shares, abs=0.006)
    # The median of ratios is not quite the ratio of medians.
    share = RATES[scenario] / RATES["ceiling of POST, 64"]
    assert bar.median == pytest.approx(share, rel=0.15)


@pytest.mark.parametrize("name, shares, target, verdict", RATIOS)
def test_each_ratio_has_the_target_and_the_verdict_of_the_benchmarks(
    name: str, shares: tuple[float, float, float], target: str, verdict: str
) -> None:
    median, low, high = shares
    assert low <= median <= high
    verdicts = {
        "" if not measured.target else "reached" if measured.reached else "missed"
        for figure in FIGURES
        for rounded in (-0.005, 0, 0.005)
        if (measured := Measured(figure, median + rounded, low, high)).target == target
        if figure.name == name
    }
    assert verdict in verdicts
