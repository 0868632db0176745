"""Formats which targets post which operations, and which scopes their API keys need."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger_operations.operation_documents import Operation, described
from ledger_operations.posts import NamedOperation

Operations = Mapping[str, Operation]


def posted_lines(
    app: str, operations: Operations, named: Iterable[NamedOperation], *, unused: bool
) -> Iterator[str]:
    """Yields a line for each operation, or each unused one; then the names left unresolved."""
    of_app = [each for each in named if each.app == app]
    for name, operation in operations.items():
        posted_by = sorted({each.address.spec for each in of_app if each.operation == name})
        if unused and posted_by:
            continue
        arrow = f" ← {', '.join(posted_by)}" if posted_by else ""
        yield f"{app}: {name} {described(operation)}{arrow}"
    for each in unresolved(operations, of_app):
        yield f"{app}: ? ← {each.address.spec}, line {each.line}: {each.text}"


def unresolved(operations: Operations, named: Iterable[NamedOperation]) -> Iterator[NamedOperation]:
    """Yields names that are known only at run time, or are not operations, such as __members__."""
    return (each for each in named if each.operation not in operations)


@dataclass(frozen=True)
class Service:
    spec: str
    key: str  # the name of its key
    named: Sequence[NamedOperation]  # what its code names


def key_lines(app: str, operations: Operations, services: Iterable[Service]) -> Iterator[str]:
    """Yields the setting of the ledger's keys, one for each service, below comments on each."""
    keys = []
    for service in services:
        named = [each for each in service.named if each.app == app]
        posted = {each.operation for each in named}
        scopes = [f"post:{operation}" for operation in operations if operation in posted]
        for each in unresolved(operations, named):
            where = f"{each.address.spec}, line {each.line}: {each.text}"
            yield f"# {service.spec}: known only at run time, so it has no scope here: {where}"
        if scopes:
            options = [word for scope in scopes for word in ("--scope", scope)]
            command = shlex.join(["keys", "new", service.key, *options])
            run = f"./pants run src/python/apps/{app}:service -- {command}"
            yield f"# {service.spec}: add the scope read if it reads. To make the key: {run}"
            keys.append(f"{service.key} {','.join(scopes)} sha256:HASH")
    if keys:
        yield f"{app.upper()}_API_KEYS='{'; '.join(keys)}'"


def key_name(folder: str, target: str) -> str:
    """Returns the name of a service's key: of its target or, if that is `pex`, of its folder."""
    name = folder.rpartition("/")[2] if target == "pex" else target
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:40] or "service"
