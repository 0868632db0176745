"""Reads the metrics of a service, as Prometheus does."""

from collections.abc import Mapping, Set

from httpx import Client
from prometheus_client.parser import text_string_to_metric_families


class Metrics:
    """What a service's /metrics says at one time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def sum(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def has(self, name: str) -> bool:
        return any(sample.name == name for sample in self._samples)

    def labels(self, name: str) -> Set[str]:
        """The names of the labels that the samples of this name have; empty if there are none."""
        return {label for sample in self._samples if sample.name == name for label in sample.labels}

    def by(self, name: str, *labels: str) -> Mapping[tuple[str, ...], float]:
        """The samples of this name that are not zero, by the values of these labels."""
        return {
            tuple(sample.labels[label] for label in labels): sample.value
            for sample in self._samples
            if sample.name == name and sample.value
        }


def read_metrics(client: Client) -> Metrics:
    response = client.get("/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Metrics(response.text)
