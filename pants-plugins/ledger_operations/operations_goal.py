"""The goal `operations`, which prints the operations of apps, and the targets that post them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pants.backend.python.target_types import PexBinary
from pants.engine.console import Console
from pants.engine.fs import DigestContents, PathGlobs
from pants.engine.goal import Goal, GoalSubsystem
from pants.engine.rules import Get, MultiGet, collect_rules, goal_rule
from pants.engine.target import Target, Targets, TransitiveTargets, TransitiveTargetsRequest
from pants.option.option_types import BoolOption
from pants.util.strutil import softwrap

from ledger_operations import operation_documents
from ledger_operations.apps import App, Apps
from ledger_operations.posts import NamedOperations, NamedOperationsRequest
from ledger_operations.report import Service, key_lines, key_name, posted_lines


class OperationsSubsystem(GoalSubsystem):
    name = "operations"
    help = softwrap("""
        Print the operations of each selected app with their amounts and limits, and the targets
        whose code names each.

        Amounts and limits are those of docs/operations/<app>.json. The code is read, not run: what
        is known only at run time, such as `getattr(Operation, name)`, is listed with a question
        mark. Tests do not count, nor do the app's own operations.py and ledger.py. Clients outside
        of this repository are unknown.
        """)
    unused = BoolOption(default=False, help="Print only the operations that no target posts.")
    keys = BoolOption(
        default=False,
        help="Print the scopes that each selected pex_binary needs to post what its code names, in "
        "the form of the setting API_KEYS.",
    )


class OperationsGoal(Goal):
    subsystem_cls = OperationsSubsystem
    environment_behavior = Goal.EnvironmentBehavior.LOCAL_ONLY


@goal_rule
async def operations(
    targets: Targets, subsystem: OperationsSubsystem, console: Console, all_apps: Apps
) -> OperationsGoal:
    services = [target for target in targets if isinstance(target, PexBinary)]
    if subsystem.keys:
        apps = all_apps if services else Apps()
    else:
        apps = Apps(app for app in all_apps if any(map(app.has, targets)))
    if not apps:
        what = "pex_binary targets are" if subsystem.keys else "apps are"
        console.print_stderr(f"No {what} selected.")
        return OperationsGoal(exit_code=0)
    contents = await Get(DigestContents, PathGlobs([app.document for app in apps]))
    texts = {content.path: content.content.decode() for content in contents}
    by_app = {}
    for app in apps:
        try:
            by_app[app.name] = _operations(app, texts)
        except operation_documents.Malformed as error:
            console.print_stderr(str(error))
    if len(by_app) < len(apps):
        return OperationsGoal(exit_code=1)
    named = await Get(NamedOperations, NamedOperationsRequest(apps))
    with_keys: list[Service] = []
    if subsystem.keys:
        closures = await MultiGet(
            Get(TransitiveTargets, TransitiveTargetsRequest([service.address]))
            for service in services
        )
        with_keys = [
            _service(target, closure.closure, named) for target, closure in zip(services, closures)
        ]
    for app, of_app in by_app.items():
        for line in (
            key_lines(app, of_app, with_keys)
            if subsystem.keys
            else posted_lines(app, of_app, named, unused=subsystem.unused)
        ):
            console.print_stdout(line)
    return OperationsGoal(exit_code=0)


def _operations(app: App, texts: Mapping[str, str]) -> dict[str, operation_documents.Operation]:
    """Returns the operations of the app. Raises Malformed with a message about its document."""
    command = operation_documents.write_documents(app.name)
    if app.document not in texts:
        raise operation_documents.Malformed(
            f"{app.document} does not exist: write it with {command}"
        )
    try:
        return operation_documents.operations_of(texts[app.document])
    except operation_documents.Malformed:
        raise operation_documents.Malformed(
            f"{app.document} is malformed: write it with {command}"
        ) from None


def _service(target: Target, closure: Iterable[Target], named: NamedOperations) -> Service:
    within = {each.address for each in closure}
    address = target.address
    return Service(
        address.spec,
        key_name(address.spec_path, address.target_name),
        [each for each in named if each.address in within],
    )


def rules():
    return collect_rules()
