"""Numbers add up over processes, and no value that nobody has listed becomes a label."""

import os
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from core.metrics.exposition import Exposition
from core.metrics.families import Counter, Histogram
from core.metrics.ledger_metrics import LedgerMetrics


def ledger_metrics(processes: int = 1) -> LedgerMetrics:
    metrics = LedgerMetrics(
        operations=["ADD"], queue_size=100, build={"app": "test"}, processes=processes
    )
    metrics.requests(["/ledger"])
    return metrics


def samples(metrics: LedgerMetrics) -> dict[tuple[str, ...], float]:
    """What Prometheus reads, without zeros, by the name and the values of the labels."""
    text = Exposition(metrics).read("")[0].decode()
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.value
    }


def in_another_process(run: Callable[[], None]) -> None:
    """Runs it in a forked process, which then ends without any cleanup, as if it were killed."""
    child = os.fork()
    if child == 0:
        run()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_processes_add_up_wherever_they_are_read() -> None:
    metrics = ledger_metrics(processes=3)

    def serve(process: int) -> Callable[[], None]:
        def run() -> None:
            metrics.become(process)
            metrics.posts.count("ADD", "posted", "", times=process)
            metrics.queue_depth.set(10 * process, "posts")
            metrics.queue_wait.observe(process, "posts")
            assert samples(metrics)["ledger_posts_total", "", "ADD", "posted"] >= process

        return run

    metrics.become(0)
    in_another_process(serve(1))
    in_another_process(serve(2))
    read = samples(metrics)
    assert read["ledger_posts_total", "", "ADD", "posted"] == 3
    assert read["ledger_queue_depth", "posts"] == 30
    assert read["ledger_queue_wait_seconds_count", "posts"] == 2
    assert read["ledger_queue_wait_seconds_sum", "posts"] == 3
    assert read["ledger_queue_limit",] == 300

    metrics.ended(1)  # and takes what waited in its queue with it
    assert samples(metrics)["ledger_queue_depth", "posts"] == 20
    in_another_process(serve(1))  # which replaces the first, and continues its counters
    read = samples(metrics)
    assert read["ledger_posts_total", "", "ADD", "posted"] == 4
    assert read["ledger_queue_depth", "posts"] == 30


def test_a_histogram_has_cumulative_buckets() -> None:
    metrics = ledger_metrics()
    for size in (1, 1, 2, 3, 1000, 1001):
        metrics.group_size.observe(size, "posts")
    read = samples(metrics)
    buckets = {bound: read["ledger_group_size_bucket", bound, "posts"] for bound in ("1.0", "2.0")}
    assert buckets == {"1.0": 2, "2.0": 3}
    assert read["ledger_group_size_bucket", "1000.0", "posts"] == 5
    assert read["ledger_group_size_bucket", "+Inf", "posts"] == 6
    assert read["ledger_group_size_sum", "posts"] == 2008


def test_values_that_are_not_listed_share_a_label() -> None:
    counter = Counter("test", "", {"a": ["x"], "b": ["y"]}, processes=1)
    for number in range(1000):
        counter.count(f"{number}", "y")
        counter.count("x", f"{number}")
    counter.count("x", "y")
    assert dict(counter.samples()) == {
        ("other", "y"): [1000],
        ("x", "other"): [1000],
        ("x", "y"): [1],
    }
    histogram = Histogram("test", "", {"a": ["x"]}, bounds=[1], processes=1)
    histogram.observe(0.5, "z")
    assert dict(histogram.samples()) == {("x",): [0, 0, 0], ("other",): [1, 0, 0.5]}


def test_it_is_written_in_the_format_that_is_asked_for() -> None:
    exposition = Exposition(ledger_metrics())
    assert exposition.read("")[1].startswith("text/plain; version=0.0.4")
    text, media_type = exposition.read("application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith(b"# EOF\n")
