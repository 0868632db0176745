"""The README's table of packages is what the BUILD files say, and no package imports upwards."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

CORE = "//src/python/core/"
THIRD_PARTY = "//3rdparty/python#"
SELECTORS = {"*": "", "<python_source>": "`service.py`: "}


class BuildFile(dict[str, Any]):
    """The names of a BUILD file. A target that is not looked at is a call that does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.rulesets: list[tuple[Any, ...]] = []
        self["__dependencies_rules__"] = lambda *rulesets: self.rulesets.extend(rulesets)
        self["env"] = lambda *_: ""
        self["checked_app_name"] = lambda name, _: name
        exec(Path("pants-plugins/prelude.py").read_text(), self)

    def __missing__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


@dataclass
class Package:
    name: str
    changes_when: str
    imports: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """For each selector of files, the packages of core and the libraries that they may import."""

    def row(self) -> str:
        imports = "; ".join(
            selector + ", ".join(f"`{name}`" for name in names)
            for selector, names in sorted(self.imports.items(), key=lambda item: item[0])
        )
        return f"| `{self.name}` | {self.changes_when} | {imports} |"

    def packages(self) -> set[str]:
        """The packages of core that any of its files may import."""
        names = {name for names in self.imports.values() for name in names}
        return {name.split("/")[1] for name in names if name.startswith("core/")}


def read(name: str, text: str, changes_when: str = "") -> Package:
    names = BuildFile()
    exec(text, names)
    package = Package(name, changes_when or text.splitlines()[0].removeprefix("# "))
    for selector, *allowed in names.rulesets:
        shown = SELECTORS.get(selector, f"`{selector.removeprefix('/')}`: ")
        imports = [described(rule) for rule in allowed if described(rule)]
        if selector not in ("<pex_binary>", "<resources>") and imports:
            package.imports[shown] = imports
    return package


def described(rule: str) -> str:
    """What a rule allows; empty for the package itself, and for what is not an import."""
    if rule.endswith("@*"):  # the same requirement, in any lock
        return ""
    if rule.startswith(THIRD_PARTY):
        return rule.removeprefix(THIRD_PARTY)
    if rule.startswith("//src/python/") and rule != CORE.rstrip("/"):
        return rule.removeprefix("//src/python/").removesuffix("/**").replace("APP", "<app>")
    return ""


def packages_of_core() -> list[Package]:
    """Each after those that it may import. CycleError when there is no such order."""
    packages = {
        path.parent.name: read(f"core/{path.parent.name}", path.read_text())
        for path in sorted(Path("src/python/core").glob("*/BUILD"))
    }
    order = TopologicalSorter({name: sorted(each.packages()) for name, each in packages.items()})
    return [packages[name] for name in order.static_order()]


def table() -> str:
    others = [
        read("apps/<app>", 'ledger_app("APP")', "What an app declares, and its program."),
        read("alembic/<app>", 'ledger_migrations("APP")', "The migrations of an app."),
    ]
    rows = [package.row() for package in [*packages_of_core(), *others]]
    return "\n".join(
        ["| package | holds | may import, besides itself |", "| --- | --- | --- |", *rows]
    )


def test_the_table_in_the_readme_is_what_the_build_files_say() -> None:
    pattern = r"<!-- packages: begin -->\n(.*?)\n<!-- packages: end -->"
    [shown] = re.findall(pattern, Path("README.md").read_text(), re.DOTALL)
    assert shown == table(), f"The README's table of packages must be:\n{table()}"


def test_no_package_imports_one_that_imports_it() -> None:
    above: set[str] = set()
    for package in packages_of_core():  # raises CycleError when there is no order
        assert package.packages() <= above
        above.add(package.name.removeprefix("core/"))
    assert len(above) >= 10


def test_only_models_and_schemas_have_rules_of_their_own() -> None:
    exceptions = {
        (package.name, selector)
        for package in packages_of_core()
        for selector in package.imports
        if selector
    }
    assert exceptions == {
        ("core/ledgers", "`models.py`: "),
        ("core/ledgers", "`schemas.py`: "),
    }
