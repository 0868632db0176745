"""A new app can have a lock file of its own."""

import re
from pathlib import Path

import pytest

from core.ledgers.errors import DefinitionError
from core.new_app.command import main
from core.new_app.definition import NewApp
from core.new_app.own_lock import PRELUDE, SETTINGS
from core.new_app.placing import place
from core.new_app.small_workspace import LOCK, check_all_are_listed, files


def test_an_app_with_a_lock_of_its_own_has_more_files(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(workspace)
    main(["shop", "PURCHASE=-7", "--own-lock"])
    after = files(workspace)
    check_all_are_listed(after.keys() - before.keys(), capsys.readouterr().out)
    assert after["3rdparty/python/shop.lock"] == LOCK
    for name in ("3rdparty/python/shop.pins", "3rdparty/python/shop.txt"):
        assert re.fullmatch("# .*shop.*\n", after[name])
    assert after[PRELUDE] == 'A = 1\nOWN_LOCK = ("shop",)\nB = 2\n'
    default, others = before[SETTINGS].splitlines()
    own = 'shop = "3rdparty/python/shop.lock"'
    assert after[SETTINGS].splitlines() == [default, own, others]
    main(["cafe", "LATTE=-3", "--own-lock"])
    assert 'OWN_LOCK = ("cafe", "shop")\n' in files(workspace)[PRELUDE]


@pytest.mark.parametrize(
    "name, problem",
    [
        (
            "3rdparty/python/shop.lock",
            "3rdparty/python/shop.lock exists already: choose another name, or delete it first",
        ),
        (PRELUDE, f"{PRELUDE} has no line that begins with OWN_LOCK = ("),
        (SETTINGS, f"{SETTINGS} has no line that names 3rdparty/python/default.lock"),
    ],
)
def test_nothing_is_written_if_the_lock_cannot_be_its_own(
    workspace: Path, shop: NewApp, name: str, problem: str
) -> None:
    (workspace / name).write_text("")
    before = files(workspace)
    with pytest.raises(DefinitionError) as raised:
        place(shop, workspace, with_own_lock=True)
    assert str(raised.value) == problem
    assert files(workspace) == before
