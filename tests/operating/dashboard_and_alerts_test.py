"""Every metric and label that the dashboard and the alerts name is one that a service has.

The page on metrics lists all of them.
"""

import json
import re
from pathlib import Path

import pytest

from core.service.read_metrics import Metrics, read_metrics
from core.service.sample_requests import post
from core.settings.groups import DatabaseSettings
from core.testing.databases import Databases
from core.testing.threaded_service import served
from sample.ledger import LEDGER

_FOLDER = Path("docs/operating")
_OF_PROMETHEUS = {"job", "instance", "le"}


def expressions() -> list[str]:
    dashboard = json.loads((_FOLDER / "grafana-dashboard.json").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    alerts = (_FOLDER / "alerts.yml").read_text()
    rules = re.findall(r"expr: \|\n(.*?)\n +for:", alerts, re.DOTALL)
    assert len(rules) == alerts.count("- alert:") == 6
    return shown + rules


def test_every_alert_has_a_section_for_the_engineer_on_call() -> None:
    alerts = re.findall(r"- alert: (\w+)", (_FOLDER / "alerts.yml").read_text())
    sections = re.findall(r"^### (Ledger\w+)", (_FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sections == alerts


@pytest.fixture(scope="module")
def metrics(databases: Databases) -> Metrics:
    """What a service reports that has posted, and read, and had an error of its database."""
    with served(LEDGER, DatabaseSettings(database_url=databases.migrated("sample"))) as client:
        assert post(client, "ann", "1").status_code == 201
        assert client.get("/ledger/ann").status_code == 200
        return read_metrics(client)


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_and_label_exists(metrics: Metrics, expression: str) -> None:
    selectors = re.findall(r"\b((?:ledger|http_server)_\w+)\b(?:\{(.*?)\})?", expression)
    labels_of_names: set[str] = set()
    assert selectors
    for name, matchers in selectors:
        labels = metrics.labels(name)
        assert metrics.has(name), f"there is no metric {name}"
        labels_of_names |= labels
        for label in re.findall(r"(\w+) *[=!]~?=?\"", matchers):
            assert label in labels | _OF_PROMETHEUS, f"{name} has no label {label}"
    for grouped in re.findall(r"\bby \((.*?)\)", expression):
        assert set(grouped.split(", ")) <= labels_of_names | _OF_PROMETHEUS


def test_the_page_lists_every_metric_with_its_labels(metrics: Metrics) -> None:
    page = (_FOLDER / "metrics.md").read_text()
    rows = re.findall(r"^\| (`.*?) \| (.*?) \| .* \|$", page, re.MULTILINE)
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", metrics.text, re.MULTILINE))
    listed = [name for names, _ in rows for name in re.findall("`(.*?)`", names)]
    assert sorted(listed) == sorted(kinds)
    for names, labels in rows:
        samples = [
            f"{name}_sum" if kinds[name] == "histogram" else name
            for name in re.findall("`(.*?)`", names)
        ]
        found = {label for sample in samples for label in metrics.labels(sample)}
        assert found == {*re.findall("`(.*?)`", labels)}, names
