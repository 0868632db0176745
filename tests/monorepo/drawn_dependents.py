"""Draws what depends on a changed file, for the diagram in docs/monorepo.md."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import PurePath
from typing import TypedDict


class Target(TypedDict):
    """A target, as the goal `peek` prints it."""

    address: str
    target_type: str
    dependencies: list[str]
    sources: list[str] | None


Dependencies = Mapping[str, frozenset[str]]
"""For each address, those that it depends on directly."""

_RUN_BY = {"alembic_migrations": "migrate, migration-check", "pex_binary": "package"}
_TEST = "python_test"


def diagram(affected: Iterable[Target], changed: str) -> str:
    """Returns a Mermaid diagram of the affected targets, from the changed file to what runs.

    It leaves out target generators, and dependencies that others imply.
    """
    kinds = (*_RUN_BY, _TEST, "python_source")
    targets = {each["address"]: each for each in affected if each["target_type"] in kinds}
    direct = _without_implied(
        {name: frozenset(each["dependencies"]) & {*targets} for name, each in targets.items()}
    )
    groups: dict[object, list[str]] = defaultdict(list)
    for name in _ordered(direct):  # tests with the same dependencies share a node
        is_test = targets[name]["target_type"] == _TEST
        groups[direct[name] if is_test else name].append(name)
    nodes = {name: _identifier(targets[names[0]]) for names in groups.values() for name in names}
    lines = ["flowchart LR"]
    for first, *others in groups.values():
        members = [targets[name] for name in (first, *others)]
        lines.append(f"    {nodes[first]}{_label(members, changed)}")
    for first, *_ in groups.values():
        above = sorted({nodes[name] for name in direct[first]})
        lines += [f"    {node} --> {nodes[first]}" for node in above]
    return "\n".join(lines)


def _ordered(direct: Dependencies) -> list[str]:
    """Returns the addresses, each after those that it depends on."""
    order = TopologicalSorter({name: sorted(direct[name]) for name in sorted(direct)})
    return [*order.static_order()]


def _without_implied(direct: Dependencies) -> Dependencies:
    """Returns the dependencies without those that others imply."""
    above: dict[str, frozenset[str]] = {}
    for name in _ordered(direct):
        above[name] = direct[name].union(*(above[each] for each in direct[name]))
    return {
        name: names.difference(*(above[each] for each in names)) for name, names in direct.items()
    }


def _identifier(target: Target) -> str:
    if target["target_type"] in _RUN_BY:
        return target["target_type"]
    return PurePath(_file(target)).stem


def _file(target: Target) -> str:
    [file] = target["sources"] or [""]
    return file.removeprefix("src/python/")


def _label(targets: list[Target], changed: str) -> str:
    first = targets[0]
    if first["address"] == changed:
        return f'["{_file(first)}<br/>changed"]'
    if first["target_type"] == "python_source":
        return f'["{_file(first)}"]'
    if first["target_type"] == _TEST:
        return f'(["{"<br/>".join(PurePath(_file(each)).name for each in targets)}"])'
    folder, _, _ = first["address"].partition(":")
    name = f"{PurePath(folder).name}.pex" if first["target_type"] == "pex_binary" else folder
    return f'(["{name}<br/>{_RUN_BY[first["target_type"]]}"])'
