"""A lock file of an app's own: what it changes for the app, for core, and for the other apps."""

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from core.new_app.own_lock import own_lock
from monorepo.selections import (
    affected,
    all_targets,
    append_comment,
    documents_of,
    everything_of,
    package_of,
)
from monorepo.workspace import Workspace

LOCKS = "3rdparty/python"
SETTINGS = "tests/core/settings/environment_test.py"


def pinned(workspace: Workspace, lock: str) -> str:
    """The version of pydantic in a lock."""
    text = (workspace.root / f"{LOCKS}/{lock}.lock").read_text()
    [version] = re.findall(r"^pydantic==(\S+)", text, re.MULTILINE)
    return str(version)


@pytest.fixture(scope="module")
def committed_copy(
    workspace_copy: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    """A copy whose app travel has an older minor version of pydantic, and a package of its own."""
    for name, text in own_lock("travel", workspace_copy.root).items():
        workspace_copy.write(name, text)
    minor = int(pinned(workspace_copy, "default").split(".")[1])
    workspace_copy.write(f"{LOCKS}/travel.pins", f"pydantic<2.{minor}\n")
    workspace_copy.write(f"{LOCKS}/travel.txt", "humanize\n")
    texts, service = (f"src/python/apps/travel/{name}.py" for name in ("texts", "service"))
    workspace_copy.write(texts, "import humanize\n\nMILLION = humanize.intword(1_000_000)\n")
    first = "from apps.travel.ledger import LEDGER\n"
    text = (workspace_copy.root / service).read_text()
    assert first in text
    second = "from apps.travel.texts import MILLION\n"
    workspace_copy.write(service, text.replace(first, f"{first}{second}"))
    uv = folder_of_uv(tmp_path_factory.mktemp("uv"), workspace_copy)
    done = workspace_copy.run("bash", "-c", f"PATH={uv}:$PATH scripts/lock travel")
    assert done.returncode == 0, done.stdout
    workspace_copy.commit()
    return workspace_copy


def folder_of_uv(folder: Path, workspace: Workspace) -> str:
    """The folder of uv, which is installed into `folder` if it is not on PATH."""
    if found := shutil.which("uv"):
        return str(Path(found).parent)
    lock = workspace.root / LOCKS / "uv.lock"
    install = ("-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock))
    for command in ((sys.executable, "-m", "venv", folder), (folder / "bin/python", *install)):
        done = workspace.run(*map(str, command))
        assert done.returncode == 0, done.stdout
    return str(folder / "bin")


def passed(workspace: Workspace, *arguments: str) -> str:
    result = workspace.pants(*arguments)
    assert result.returncode == 0, result.stdout
    return result.stdout


def wheels(package: Path) -> dict[str, str]:
    names = zipfile.ZipFile(package).namelist()
    found = (re.fullmatch(r"\.deps/([^-]+)-([^-]+)-[^/]+/", name) for name in names)
    return {match[1]: match[2] for match in found if match}


def test_only_the_versions_that_must_differ_do(workspace: Workspace) -> None:
    def packages(lock: str) -> set[str]:
        text = (workspace.root / f"{LOCKS}/{lock}.lock").read_text()
        return set(re.findall(r"^\S+==\S+", text, re.MULTILINE))

    older = {each.partition("==")[0] for each in packages("travel") - packages("default")}
    assert older == {"humanize", "pydantic", "pydantic-core"}


def test_each_package_has_the_versions_of_its_apps_lock(workspace: Workspace) -> None:
    # For one Python, as the locks are installed for each that a package supports.
    python = f"['CPython=={sys.version_info[0]}.{sys.version_info[1]}.*']"
    packages = ("src/python/apps/travel:pex", "src/python/apps/content:pex")
    passed(workspace, f"--python-interpreter-constraints={python}", "package", *packages)
    travel, content = (workspace.root / f"dist/{app}.pex" for app in ("travel", "content"))
    assert wheels(travel)["pydantic"] == pinned(workspace, "travel")
    assert wheels(content)["pydantic"] == pinned(workspace, "default") != wheels(travel)["pydantic"]
    assert wheels(travel).keys() - wheels(content).keys() == {"humanize"}
    printed = workspace.run(sys.executable, str(travel), "sbom").stdout
    [pydantic] = [each for each in json.loads(printed)["components"] if each["name"] == "pydantic"]
    hashes = [each["content"] for each in pydantic["externalReferences"][0]["hashes"]]
    lock = (workspace.root / f"{LOCKS}/travel.lock").read_text()
    assert hashes and all(f"--hash=sha256:{each}" in lock for each in hashes)


def test_core_is_tested_and_checked_with_each_lock(workspace: Workspace) -> None:
    listed = workspace.output("--filter-target-type=python_test", "list", "tests/core::").split()
    of_travel = {name.partition("@")[0] for name in listed if name.endswith("@resolve=travel")}
    assert {f"{name}@resolve={lock}" for name in of_travel for lock in ("travel", "default")} == {
        *listed
    }
    version = pinned(workspace, "travel")
    test = f'import pydantic\n\n\ndef test() -> None:\n    assert pydantic.VERSION == "{version}"\n'
    new = "tests/core/settings/version_test.py"
    workspace.write(new, test)
    output = passed(workspace, "test", SETTINGS)
    for lock in ("default", "travel"):
        assert f"✓ {SETTINGS}@resolve={lock} succeeded" in output, output
    output = workspace.pants("test", new).stdout
    assert f"✓ {new}@resolve=travel succeeded" in output, output
    assert f"✕ {new}@resolve=default failed" in output, output
    output = passed(workspace, "check", "src/python/core/settings::")
    assert re.findall(r"Partition #\d - (\w+)", output) == ["default", "travel"], output


def test_the_migrations_of_the_app_run_with_its_lock(workspace: Workspace) -> None:
    output = passed(workspace, "lint", "--only=migration-check", "alembic/travel::")
    assert "Partition: travel" in output
    output = passed(workspace, "migrate", "--dry-run", "alembic/travel::")
    assert "travel: upgrade head --sql succeeded" in output
    closure = workspace.output("dependencies", "--transitive", "alembic/travel:travel")
    assert "3rdparty/python#alembic@resolve=travel" in closure
    assert "resolve=default" not in closure


def test_what_runs_by_name_is_in_one_lock(workspace: Workspace) -> None:
    """`./pants run` refuses a program that is in several."""
    programs = [f"tests/{folder}::" for folder in ("benchmarks", "monorepo", "trials")]
    assert "@resolve=" not in workspace.output("list", *programs)
    passed(workspace, "package", "src/python/core/client:wheel")


def of_travels_lock(workspace: Workspace) -> set[str]:
    """Travel's targets, and core's tests with travel's lock."""
    shared = {name for name in all_targets(workspace) if name.endswith("@resolve=travel")}
    return {*shared, *everything_of("travel"), *documents_of("travel")}


def test_a_change_selects_what_has_the_lock_and_nothing_else(workspace: Workspace) -> None:
    everything, travels = all_targets(workspace), of_travels_lock(workspace)
    for name, expected in (
        ("travel.lock", travels),
        ("travel.pins", set[str]()),  # has no effect until the lock is written from it
        ("travel.txt", package_of("travel")),  # which its service imports
        ("default.lock", everything - travels),
        ("requirements.txt", everything),
    ):
        append_comment(workspace, f"{LOCKS}/{name}")
        assert affected(workspace) == expected, name
        printed = workspace.run(".ci/affected", "HEAD").stdout
        assert printed.endswith("\n::\n") == (name in ("default.lock", "requirements.txt")), printed
        workspace.reset()


@pytest.mark.parametrize(
    "module, owner",
    [
        ("humanize", f"{LOCKS}:travel#humanize"),
        ("apps.travel.ledger", "src/python/apps/travel/ledger.py"),
    ],
)
def test_another_app_cannot_import_what_is_in_that_lock(
    workspace: Workspace, module: str, owner: str
) -> None:
    bad = "src/python/apps/content/bad.py"
    workspace.write(bad, f"import {module}\n")
    result = workspace.pants("lint", "--only=boundaries", bad)
    message = f"{bad}:1 imports {module}, which is in another lock only: {owner}"
    assert result.returncode == 1 and message in result.stdout, result.stdout
    result = workspace.pants("check", bad)
    assert result.returncode == 1 and "UnownedDependencyError" in result.stdout, result.stdout
    assert f"'travel' from {owner}" in result.stdout, result.stdout


def test_lint_accepts_the_edits(workspace: Workspace) -> None:
    only = [f"--only={linter}" for linter in ("black", "boundaries", "ownership")]
    passed(workspace, "tailor", "--check", "lint", *only, "::")
