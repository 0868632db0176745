"""The figures that the benchmarks report: ratios of rates measured in the same round."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Round = dict[str, float]
"""What one round has measured, by the name of the scenario: mostly rates per second."""


@dataclass(frozen=True)
class Figure:
    """A ratio, and its target if it has one."""

    name: str
    ratio: Callable[[Round], float]
    at_least: float | None = None
    at_most: float | None = None

    def over(self, rounds: Sequence[Round]) -> "Measured":
        values: list[float] = []
        for one in rounds:
            try:
                values.append(self.ratio(one))
            except KeyError:
                pass  # not measured in every round
        return Measured(self, median(values), min(values), max(values))


@dataclass(frozen=True)
class Measured:
    """A figure's median over the rounds, and its spread."""

    figure: Figure
    median: float
    low: float
    high: float

    @property
    def target(self) -> str:
        if self.figure.at_least is not None:
            return f"at least {self.figure.at_least:g}"
        return f"at most {self.figure.at_most:g}" if self.figure.at_most is not None else ""

    @property
    def reached(self) -> bool:
        at_least, at_most = self.figure.at_least, self.figure.at_most
        return (at_least is None or self.median >= at_least) and (
            at_most is None or self.median <= at_most
        )


def _ratio(one: str, other: str) -> Callable[[Round], float]:
    return lambda rates: rates[one] / rates[other]


def _latency_over(pgbench: str) -> Callable[[Round], float]:
    """The latency that posting adds to a request, relative to pgbench's. Latency is 1 / rate."""
    return lambda rates: (1 / rates["POST, 1"] - 1 / rates["ceiling of POST, 1"]) * rates[pgbench]


_CEILING = "ceiling of POST, 64"

FIGURES = (
    Figure("POST / its ceiling", _ratio("POST, 64", _CEILING), at_least=0.95),
    Figure("the same, 1 connection", _ratio("POST, 1", "ceiling of POST, 1"), at_least=0.3),
    Figure("the same, 16 connections", _ratio("POST, 16", "ceiling of POST, 16"), at_least=0.75),
    Figure("the same, 256 connections", _ratio("POST, 256", "ceiling of POST, 256"), at_least=0.95),
    Figure(
        "POST with metrics and request ids / without",
        _ratio("POST, 64", "POST, unobserved"),
        at_least=0.95,
    ),
    Figure("POST, Zipf / its ceiling", _ratio("POST, Zipf", _CEILING)),
    Figure("POST, one hot owner / its ceiling", _ratio("POST, one hot owner", _CEILING)),
    *(
        Figure(f"POST, 10 % {what} / its ceiling", _ratio(f"POST, 10 % {what}", _CEILING), 0.85)
        for what in ("duplicates", "refusals", "new owners")
    ),
    Figure("POST with a quantity / without", _ratio("POST with a quantity", "POST, 64")),
    Figure("POST with a limit / without", _ratio("POST with a limit", "POST, 64")),
    Figure("POST, 2 workers / 1", _ratio("POST, 2 workers", "POST, 64")),
    Figure("POST, hot owner / spread", _ratio("POST, one hot owner", "POST, 64"), at_least=1.0),
    Figure(
        "POST, hot owner / pgbench, hot row",
        _ratio("POST, one hot owner", "pgbench, one hot row"),
        at_least=2,
    ),
    Figure("POST / pgbench", _ratio("POST, 64", "pgbench")),
    Figure("the same / pgbench, prepared", _ratio("POST, 64", "pgbench, prepared")),
    Figure("POST / naive service", _ratio("POST, 64", "naive service"), at_least=10),
    Figure("batches of 1, entries / POST", _ratio("batch of 1", "POST, 64")),
    Figure("batches of 100, entries / pgbench", _ratio("batch of 100", "pgbench")),
    Figure("batches of 1,000, entries / pgbench", _ratio("batch of 1,000", "pgbench"), at_least=2),
    Figure(
        "the same / pgbench, prepared",
        _ratio("batch of 1,000", "pgbench, prepared"),
        at_least=2.5,
    ),
    Figure("GET / its ceiling", _ratio("GET", "ceiling of GET"), at_least=0.95),
    Figure("the same, 1 connection", _ratio("GET, 1", "ceiling of GET, 1"), at_least=0.5),
    Figure("GET, 10,000 entries / 1", _ratio("GET, 10,000 entries", "GET")),
    Figure("GET, 1,000,000 entries / 1", _ratio("GET, 1,000,000 entries", "GET"), at_least=0.9),
    Figure("50 entries / GET", _ratio("entries", "GET")),
    Figure(
        "50 entries after 1,000,000 / the latest 50",
        _ratio("entries after 1,000,000", "entries"),
        at_least=0.9,
    ),
    Figure("GET as of a time / GET", _ratio("GET as of a time", "GET")),
    Figure(
        "GET as of the middle of 1,000,000 / GET",
        _ratio("GET as of the middle of 1,000,000", "GET"),
    ),
    Figure("latency that posting adds / pgbench's", _latency_over("pgbench, 1"), at_most=1.5),
    Figure("the same / pgbench's, prepared", _latency_over("pgbench, 1, prepared"), at_most=2.0),
    Figure(
        "memory after many posts / after 10,000",
        _ratio("memory after many posts", "memory after few posts"),
        at_most=1.1,
    ),
    Figure("time to start / naive service's", _ratio("start of naive", "start of served")),
)
