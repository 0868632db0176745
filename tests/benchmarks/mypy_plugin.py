"""Prints what the plugin adds to a cold mypy run, and how long mypy's daemon takes after an edit.

    PYTHONPATH=src/python python tests/benchmarks/mypy_plugin.py [ROUNDS [APPS]]

The code that is checked is generated: by default 200 apps with 10 modules each. Runs with and
without the plugin alternate, so that a change in the speed of the machine affects both.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src/python"
PLUGIN = SOURCES / "core/mypy_plugin/plugin.py"
RATIO_TARGET = 1.10
RECHECK_TARGET = 1.0

SHARED = ("DAILY_REWARD", "SIGNUP_CREDIT", "CREDIT_SPEND", "CREDIT_ADD")
OWN = tuple(f"OPERATION_{number}" for number in range(8))
BY_CLASS = """\
from core.ledgers.operations import BaseLedgerOperation


class Operation(BaseLedgerOperation):
"""
BY_CALL = """\
from core.ledgers.operations import BaseLedgerOperation, extend_enum

Operation = extend_enum(BaseLedgerOperation, "Operation", EXTRA)
"""
LEDGER = """\
from APP.operations import Operation
from core.ledgers.ledger import Ledger

LEDGER = Ledger(name="APP", operations=Operation, amounts={AMOUNTS})
"""
MODULE = """\
from collections.abc import Iterable

from APP.ledger import LEDGER
from APP.operations import Operation
from core.ledgers.operations import BaseLedgerOperation
from core.ledgers.requests import Post


def label(operation: Operation) -> str:
    match operation:
        case Operation.CREDIT_ADD | Operation.DAILY_REWARD | Operation.SIGNUP_CREDIT:
            return "gain"
        case Operation.OPERATION_0:
            return "first"
        case _:
            return operation.value.lower()


def posts(owners: Iterable[str]) -> list[Post[Operation]]:
    return [
        LEDGER.request(owner_id=owner, operation=operation, nonce=f"{owner} {number}")
        for owner in owners
        for number, operation in enumerate(Operation)
        if operation.value != "CREDIT_SPEND" and LEDGER.amount_of(operation) >= 0
    ]


def totals(all_posts: Iterable[Post[Operation]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for post in all_posts:
        total[post.owner_id] = total.get(post.owner_id, 0) + LEDGER.amounts[post.operation]
    return total
"""


def by_class(own: tuple[str, ...]) -> str:
    return BY_CLASS + "".join(f'    {name} = "{name}"\n' for name in (*SHARED, *own))


def by_call(own: tuple[str, ...]) -> str:
    return BY_CALL.replace("EXTRA", repr({name: name for name in own}))


def generate(folder: Path, apps: int) -> None:
    for number in range(apps):
        app = f"app_{number}"
        (folder / app).mkdir()
        amounts = ", ".join(f"Operation.{name}: {len(name)}" for name in OWN)
        # mypy without the plugin understands only the class form.
        (folder / app / "operations.py").write_text(by_class(OWN))
        (folder / app / "ledger.py").write_text(
            LEDGER.replace("APP", app).replace("AMOUNTS", amounts)
        )
        for module in range(8):
            (folder / app / f"module_{module}.py").write_text(MODULE.replace("APP", app))


def write_config(folder: Path, *plugins: str) -> str:
    config = folder / f"{len(plugins)}.ini"
    config.write_text(
        f"[mypy]\nstrict = True\nwarn_unreachable = True\nplugins = {', '.join(plugins)}\n"
        f"namespace_packages = True\nexplicit_package_bases = True\n"
        f"mypy_path = {SOURCES}:{folder}\n"
    )
    return str(config)


def seconds(folder: Path, *command: str) -> float:
    """The time that mypy takes. It finds no errors, or the few that an edit is meant to cause."""
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True)
    elapsed = time.perf_counter() - begin
    assert done.returncode in (0, 1), done.stdout.decode() + done.stderr.decode()
    return elapsed


def cold_run(folder: Path, config: str) -> float:
    with tempfile.TemporaryDirectory() as cache:
        return seconds(folder, "mypy", "--config-file", config, "--cache-dir", cache, ".")


def recheck(folder: Path, config: str, own: tuple[str, ...], *, form: str) -> float:
    """The time that the daemon takes after the enum of one app has gained a member."""
    write = by_class if form == "class" else by_call
    operations = folder / "app_0/operations.py"
    operations.write_text(write(own))
    check = ("mypy.dmypy", "run", "--", "--config-file", config, ".")
    try:
        seconds(folder, *check)
        operations.write_text(write((*own, "ONE_MORE")))
        return seconds(folder, *check)
    finally:
        seconds(folder, "mypy.dmypy", "stop")
        operations.write_text(by_class(own))


def main(rounds: int, apps: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, apps)
        with_plugin = write_config(folder, "pydantic.mypy", str(PLUGIN))
        without = write_config(folder, "pydantic.mypy")
        cold_run(folder, with_plugin)  # a warm-up of the file system's cache
        times = [(cold_run(folder, with_plugin), cold_run(folder, without)) for _ in range(rounds)]
        medians = [statistics.median(column) for column in zip(*times)]
        ratio = statistics.median(one / other for one, other in times)
        print(f"with the plugin {medians[0]:.2f} s, without {medians[1]:.2f} s, median of {rounds}")
        print(f"ratio {ratio:.3f} (target: below {RATIO_TARGET})")
        for form in ("class", "call"):
            again = recheck(folder, with_plugin, OWN, form=form)
            print(
                f"daemon after an edit, {form} form: {again:.2f} s (target: {RECHECK_TARGET:.0f})"
            )


if __name__ == "__main__":
    main(*(int(argument) for argument in (*sys.argv[1:], *("5", "200")[len(sys.argv) - 1 :])))
