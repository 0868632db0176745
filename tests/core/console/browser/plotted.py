"""Reads the plot of the balance back from its path."""

import re
from typing import NamedTuple

from playwright.sync_api import Locator


class Step(NamedTuple):
    """A corner of the line, at which the balance changes, in units of the drawing."""

    x: float
    y: float


def steps_of(plot: Locator) -> list[Step]:
    """The steps of the line, from the left, without its beginning."""
    path = plot.locator(".line").get_attribute("d") or ""
    return [Step(float(x), float(y)) for x, y in re.findall(r"H([\d.]+)V([\d.]+)", path)]


def assert_shows(plot: Locator, balances: list[int]) -> None:
    """Asserts that the steps, from the left, are at the heights of the balances.

    The scale follows from the highest and the lowest.
    """
    steps = steps_of(plot)
    assert len(steps) == len(balances)
    top, bottom = min(step.y for step in steps), max(step.y for step in steps)
    low, high = min(balances), max(balances)
    shown = [low + (bottom - step.y) / (bottom - top) * (high - low) for step in steps]
    assert list(map(round, shown)) == balances
