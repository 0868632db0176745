"""The container, the compose file and the Kubernetes example fit the program that they run."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.service.app import openapi_document
from core.settings.environment import read_settings
from core.settings.groups import GROUPS, DatabaseSettings, ServiceSettings
from core.testing.databases import Databases
from core.testing.process_environment import environment
from core.testing.programs import run
from core.testing.service_process import service
from sample.ledger import LEDGER

CONTAINERFILE = Path("Containerfile").read_text().replace("\\\n", " ")
COMPOSE = yaml.safe_load(Path("deploy/compose.yaml").read_text())["services"]
RESOURCES = list(yaml.safe_load_all(Path("deploy/kubernetes.yaml").read_text()))
PODS = [
    resource["spec"]["template"]["spec"]
    for resource in RESOURCES
    if resource["kind"] in ("Job", "Deployment")
]
CONTAINERS = [container for pod in PODS for container in pod["containers"]]
SETTINGS = {name for group in GROUPS for name in group.model_fields} | {"secrets_dir"}


def instruction(name: str) -> str:
    """The last instruction of this name, which is that of the final image."""
    found: list[str] = re.findall(rf"^{name} +(.*)$", CONTAINERFILE, re.MULTILINE)
    return found[-1]


def apps_of_compose() -> Iterator[Mapping[str, Any]]:
    return (each for each in COMPOSE.values() if each["image"] == "ledger-content")


def grace(settings: Mapping[str, str]) -> int:
    """How long a service may take to stop, in seconds."""
    return sum(
        int(settings.get(name.upper(), ServiceSettings.model_fields[name].default))
        for name in ("drain_seconds", "shutdown_timeout")
    )


def test_the_container_runs_as_a_user_without_privileges_and_without_a_shell() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", instruction("USER"))
    assert json.loads(instruction("ENTRYPOINT")) == ["/ledger/pex"]
    assert json.loads(instruction("CMD"))[0] == "serve"


def test_services_beside_it_set_no_settings_of_the_program() -> None:
    assert [pod["enableServiceLinks"] for pod in PODS] == [False, False]


def test_each_command_and_its_options_exist() -> None:
    commands: list[Sequence[str]] = [
        json.loads(instruction("CMD")),
        *(each["command"] for each in apps_of_compose()),
        *(container["args"] for container in CONTAINERS),
    ]
    for arguments in commands:
        done = run("sample.service", *arguments, "--help", env=environment())
        assert done.returncode == 0, done.stderr
        assert f"sample {arguments[0]}" in done.stdout


def test_each_variable_is_a_setting() -> None:
    of_compose = {name for each in apps_of_compose() for name in each["environment"]}
    of_kubernetes = {variable["name"] for each in CONTAINERS for variable in each["env"]}
    for name in (of_compose | of_kubernetes) - {"PGPASSWORD"}:  # which libpq reads
        assert name.removeprefix("CONTENT_").lower() in SETTINGS


def test_the_secrets_are_all_that_a_pod_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path("deploy/kubernetes.yaml").read_text()
    made = dict(re.findall(r"create secret generic (\S+) --from-literal=(\S+)=", text))
    for pod in PODS:
        [volume], [container] = pod["volumes"], pod["containers"]
        folder = tmp_path / volume["secret"]["secretName"]
        folder.mkdir()
        (folder / made[folder.name]).write_text("postgresql://db/ledger")
        with monkeypatch.context() as patch:
            for variable in container["env"]:
                patch.setenv(variable["name"], variable["value"])
            patch.setenv("SECRETS_DIR", str(folder))
            for group in GROUPS:
                read_settings(group, "content")
            assert read_settings(DatabaseSettings, "content").database_url is not None


def test_the_health_check_of_the_container_tells_whether_the_service_responds(
    databases: Databases,
) -> None:
    [check] = re.findall(r"CMD (\[.*\])$", instruction("HEALTHCHECK"))
    program, *arguments = json.loads(check)
    assert program == "python3"

    def responds(port: int) -> bool:
        replaced = [each.replace(":8000/", f":{port}/") for each in arguments]
        return not subprocess.run([sys.executable, *replaced], capture_output=True).returncode

    with service("sample.service", DATABASE_URL=databases.migrated("sample")) as running:
        port = int(running.address.rsplit(":", 1)[1])
        assert responds(port)
        running.stop()
        assert not responds(port)


def test_probes_ask_for_paths_that_exist() -> None:
    paths = set(openapi_document(LEDGER)["paths"])
    [deployed] = (each for each in CONTAINERS if "readinessProbe" in each)
    assert deployed["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert deployed["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert {"/readyz", "/healthz"} <= paths


def test_the_database_starts_with_the_service_and_is_healthy_when_it_accepts_connections() -> None:
    assert COMPOSE["database"]["restart"] == COMPOSE["content"]["restart"]
    assert "--host=127.0.0.1" in COMPOSE["database"]["healthcheck"]["test"]


def test_containers_get_no_privileges_and_cannot_write() -> None:
    for each in apps_of_compose():
        assert (each["read_only"], each["cap_drop"]) == (True, ["ALL"])
    for pod in PODS:
        assert pod["securityContext"]["runAsNonRoot"] is True
    for container in CONTAINERS:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_a_service_starts_after_the_migration_and_has_the_time_to_stop() -> None:
    content = COMPOSE["content"]
    assert content["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert int(content["stop_grace_period"].removesuffix("s")) > grace(content["environment"])
    [pod] = (each for each in PODS if "terminationGracePeriodSeconds" in each)
    [container] = pod["containers"]
    variables = {each["name"]: each["value"] for each in container["env"]}
    assert pod["terminationGracePeriodSeconds"] > grace(variables)
