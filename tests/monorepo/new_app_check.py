"""Adds, changes, renames and deletes apps as the README and docs/apps.md say, with requests."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from core.new_app.definition import new_app
from core.new_app.placing import place
from core.testing.databases import Databases, execute
from monorepo.workspace import Workspace


@pytest.fixture
def url(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> SecretStr:
    """The URL of an empty database, which the commands use."""
    empty = databases.empty()
    monkeypatch.setenv("DATABASE_URL", empty.get_secret_value())
    return empty


@pytest.fixture
def shop(workspace: Workspace, url: SecretStr) -> Workspace:
    """A workspace with the README's app, whose database is migrated."""
    place(new_app("shop", ["PURCHASE=-7", "REFUND=7"]), workspace.root)
    run(workspace, "./pants migrate alembic/shop::")
    return workspace


def block(workspace: Workspace, document: str, heading: str, *, number: int = 0) -> str:
    """A block of commands below a heading, by default the first one."""
    text = (workspace.root / document).read_text()
    below = text[text.index(f"# {heading}\n") :]
    return str(re.findall(r"```sh\n(.*?)```", below, re.DOTALL)[number])


def run(workspace: Workspace, script: str) -> str:
    done = workspace.run("bash", "-euc", script)
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout


def post(client: httpx.Client, operation: str, nonce: str) -> Any:
    body = {"owner_id": "ann", "operation": operation, "nonce": nonce}
    return client.post("/ledger", json=body).json()


def replace(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_an_app_is_added_by_one_command(workspace: Workspace) -> None:
    add, check, serve = block(workspace, "README.md", "Add an app").splitlines()
    printed = run(workspace, add)
    assert check in printed and serve in printed
    cafe = run(workspace, "./pants run src/python/apps:new-app -- --class cafe LATTE=-3")
    assert check.replace("shop", "cafe") in cafe
    run(workspace, f"{check} {check.replace('shop', 'cafe').partition('test ')[2]}")
    run(workspace, "./pants tailor --check ::")
    with workspace.service(serve) as client:
        assert post(client, "CREDIT_ADD", "1")["balance"] == 10
        assert post(client, "PURCHASE", "2")["balance"] == 3
    for path, text in re.findall(
        r"```python\n# (\S+/shop/\S+)\n(.*?)```",
        (workspace.root / "README.md").read_text(),
        re.DOTALL,
    ):
        assert (workspace.root / path).read_text() == text


def test_operations_are_changed(shop: Workspace) -> None:
    ledger = shop.root / "src/python/apps/shop/ledger.py"
    operations = ledger.with_name("operations.py")
    serve = "./pants run src/python/apps/shop:service"
    with shop.service(serve) as client:
        assert post(client, "CREDIT_ADD", "1")["balance"] == 10
        assert post(client, "PURCHASE", "2")["amount"] == -7
    replace(ledger, "PURCHASE: -7,", "PURCHASE: -2,\n        ShopLedgerOperation.GIFT: 5,")
    replace(ledger, "        ShopLedgerOperation.REFUND: 7,\n", "")
    replace(operations, '"REFUND": "REFUND"', '"GIFT": "GIFT"')
    run(shop, block(shop, "README.md", "Change operations"))
    run(shop, f"{serve} -- migrate")
    run(shop, "./pants lint test src/python/apps/shop:: alembic/shop:: tests/apps/shop::")
    with shop.service(serve) as client:
        assert post(client, "PURCHASE", "3")["balance"] == 1
        assert post(client, "GIFT", "4")["balance"] == 6
        assert post(client, "REFUND", "5")["code"] == "invalid_request"


def test_an_operation_that_entries_use_is_removed(shop: Workspace, url: SecretStr) -> None:
    execute(
        url,
        "INSERT INTO shop.ledger_entry (operation, amount, nonce, owner_id) VALUES"
        " ('REFUND', 7, '1', 'ann'), ('PURCHASE', -7, '2', 'ann')",
    )
    app = shop.root / "src/python/apps/shop"
    replace(app / "ledger.py", "        ShopLedgerOperation.REFUND: 7,\n", "")
    replace(app / "operations.py", '        "REFUND": "REFUND",\n', "")
    versions = shop.root / "alembic/shop/versions"
    before = set(versions.glob("*.py"))
    run(shop, block(shop, "README.md", "Change operations"))
    [revision] = set(versions.glob("*.py")) - before
    refused = shop.run("bash", "-c", "./pants migrate alembic/shop::")
    assert "entries use operations that this migration removes: REFUND" in refused.stdout
    assert "docs/apps.md shows the revision" in refused.stdout
    [(line, removal)] = re.findall(
        r"^    (\S+\.replace_operation\(.*\n)    (.*)",
        (shop.root / "docs/apps.md").read_text(),
        re.MULTILINE,
    )
    replace(revision, f"    {removal}", f"    {line}    {removal}")
    run(shop, "./pants migrate lint alembic/shop::")
    assert execute(url, "SELECT operation::text, amount FROM shop.ledger_entry ORDER BY id") == [
        ("CREDIT_ADD", 7),
        ("PURCHASE", -7),
    ]


def test_an_app_is_renamed_with_its_database(shop: Workspace) -> None:
    with shop.service("./pants run src/python/apps/shop:service") as client:
        assert post(client, "CREDIT_ADD", "1")["balance"] == 10
    run(shop, block(shop, "docs/apps.md", "Rename an app"))
    run(shop, "./pants lint test src/python/apps/store:: alembic/store:: tests/apps/store::")
    trees = (
        "src/python/apps/store",
        "alembic",
        "tests/apps",
        "docs/openapi",
        "docs/operations",
        ".github",
    )
    former = r"(?i)shop(?!t)"  # `shopt` is a command of bash
    assert shop.run("git", "grep", "--untracked", "-lP", former, "--", *trees).stdout == ""
    refused = shop.run("bash", "-c", "./pants migrate alembic/store::")
    assert refused.returncode != 0 and "Traceback" not in refused.stdout
    run(shop, block(shop, "docs/apps.md", "Rename an app", number=1))
    run(shop, "./pants migrate alembic/store:: -- check")
    with shop.service("./pants run src/python/apps/store:service") as client:
        assert post(client, "PURCHASE", "2")["balance"] == 3


def test_every_other_app_can_be_deleted(tmp_path: Path, url: SecretStr) -> None:
    copy = Workspace(tmp_path)  # with the apps of this workspace
    try:
        others = [build.parent.name for build in copy.root.glob("src/python/apps/*/BUILD")]
        place(new_app("my_travel", ["SALE=-2"]), copy.root)
        commands = block(copy, "docs/apps.md", "Delete an app")
        for app in others:
            run(copy, commands.replace("shop", app).replace("SHOP", app.upper()))
        copy.commit()
        run(copy, "./pants tailor --check lint check ::")
        run(copy, "./pants test tests: tests/apps:: tests/core/new_app::")
        run(copy, "./pants migrate ::")
        deployment = (copy.root / ".github/workflows/deploy.yml").read_text()
        assert re.findall(r"secrets\.(\w+)", deployment) == ["MY_TRAVEL_DATABASE_URL"]
        with copy.service("./pants run src/python/apps/my_travel:service") as client:
            assert post(client, "CREDIT_ADD", "1")["balance"] == 10
            assert post(client, "SALE", "2")["balance"] == 8
    finally:
        copy.close()
