"""Counters, gauges and histograms that add as little as possible to the code that they measure.

Every value that a label can have is listed before the service starts. So the numbers have a fixed
place in memory that processes can share, and no request can add to them, whatever it contains.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

from core.metrics.shared_numbers import SharedNumbers

OTHER = "other"
"""The label of every value that is not listed."""


class _Places(dict[tuple[str, ...], int]):
    """Where the numbers of each combination of values are, for the combinations that were used."""

    def __init__(self, values: Sequence[Sequence[str]], width: int) -> None:
        self._values = values
        self._width = width

    def __missing__(self, values: tuple[str, ...]) -> int:
        number = 0
        known = True
        for value, listed in zip(values, self._values, strict=True):
            known = known and value in listed
            number = number * len(listed) + listed.index(value if value in listed else OTHER)
        place = number * self._width
        if known:  # unlisted values could be too many to keep
            self[values] = place
        return place


class Family:
    """The numbers of one metric: `width` of them for each combination of its labels' values."""

    def __init__(
        self,
        name: str,
        help_: str,
        labels: Mapping[str, Sequence[str]],
        *,
        processes: int,
        width: int = 1,
    ) -> None:
        self.name = name
        self.help = help_
        self.labels = list(labels)
        self._values = [[*values, OTHER] for values in labels.values()]
        self._width = width
        self._places = _Places(self._values, width)
        self.numbers = SharedNumbers(width * prod(map(len, self._values)), processes)

    def samples(self) -> Iterator[tuple[tuple[str, ...], list[float]]]:
        """The values of the labels, and the sums over all processes.

        What is zero is left out if there are several labels, whose combinations are too many.
        """
        sums = self.numbers.sums()
        for number, values in enumerate(product(*self._values)):
            of_these = sums[number * self._width : (number + 1) * self._width]
            if any(of_these) or len(values) == 1 and OTHER not in values:
                yield values, of_these


class Counter(Family):
    """How often something has happened."""

    def count(self, *values: str, times: int = 1) -> None:
        self.numbers.mine[self._places[values]] += times


class Gauge(Family):
    """How much there is of something now, added up over all processes."""

    def set(self, amount: float, *values: str) -> None:
        self.numbers.mine[self._places[values]] = amount

    def setter(self, *values: str) -> Callable[[float], None]:
        """Returns `set` for these values of the labels, which is faster."""
        place, numbers = self._places[values], self.numbers

        def set_amount(amount: float) -> None:
            numbers.mine[place] = amount

        return set_amount


class Histogram(Family):
    """The distribution of a size. `bounds` are the upper limits of its buckets."""

    def __init__(
        self,
        name: str,
        help_: str,
        labels: Mapping[str, Sequence[str]],
        *,
        bounds: Sequence[float],
        processes: int,
    ) -> None:
        # One number for each bucket, one for what exceeds them, and the sum.
        super().__init__(name, help_, labels, processes=processes, width=len(bounds) + 2)
        self.bounds = bounds

    def observe(self, size: float, *values: str) -> None:
        place = self._places[values]
        mine = self.numbers.mine
        mine[place + bisect_left(self.bounds, size)] += 1
        mine[place + self._width - 1] += size

    def observe_all(self, sizes: Iterable[float], *values: str) -> None:
        """Like `observe` for each of the sizes, but faster."""
        counts: dict[int, int] = {}
        total = 0.0
        for size in sizes:
            bucket = bisect_left(self.bounds, size)
            counts[bucket] = counts.get(bucket, 0) + 1
            total += size
        place = self._places[values]
        mine = self.numbers.mine
        for bucket, times in counts.items():
            mine[place + bucket] += times
        mine[place + self._width - 1] += total
