"""Writes metrics in the formats that Prometheus reads."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from core.metrics.families import Counter, Family, Histogram
from core.metrics.ledger_metrics import LedgerMetrics


class Exposition(Collector):
    """The metrics at the time when they are read."""

    def __init__(self, metrics: LedgerMetrics) -> None:
        self._metrics = metrics
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def read(self, accept: str) -> tuple[bytes, str]:
        """Returns the text, and its type, which is one that the header `Accept` asks for."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def describe(self) -> Iterator[Metric]:
        return iter(())  # so that registering reads nothing

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "ledger_build_info", "What runs: always 1.", labels=list(self._metrics.build)
        )
        build.add_metric([*self._metrics.build.values()], 1)
        yield build
        limit = GaugeMetricFamily(
            "ledger_queue_limit", "How many posts, and how many reads, may wait: QUEUE_SIZE."
        )
        limit.add_metric([], self._metrics.queue_limit)
        yield limit
        for family in self._metrics.families():
            yield _converted(family)


def _converted(family: Family) -> Metric:
    if isinstance(family, Histogram):
        histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        limits = [*map(str, map(float, family.bounds)), "+Inf"]
        for values, (*buckets, total) in family.samples():
            counts = list(zip(limits, accumulate(buckets)))
            histogram.add_metric(values, counts, total)
        return histogram
    kind = CounterMetricFamily if isinstance(family, Counter) else GaugeMetricFamily
    metric = kind(family.name, family.help, labels=family.labels)
    for values, (number,) in family.samples():
        metric.add_metric(values, number)
    return metric
