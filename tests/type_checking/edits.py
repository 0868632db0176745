"""Programs that are edited in steps, and what mypy reports of them after each step."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from type_checking.typing_cases import Errors

BY_CALL = """\
from core.ledgers.operations import BaseLedgerOperation, extend_enum

Operation = extend_enum(BaseLedgerOperation, "Operation", MEMBERS)
"""
BY_CLASS = """\
from core.ledgers.operations import BaseLedgerOperation


class Operation(BaseLedgerOperation):
    DAILY_REWARD = "DAILY_REWARD"
    SIGNUP_CREDIT = "SIGNUP_CREDIT"
    CREDIT_SPEND = "CREDIT_SPEND"
    CREDIT_ADD = "CREDIT_ADD"
"""


def by_call(**members: str) -> str:
    return BY_CALL.replace("MEMBERS", repr(members))


def by_class(**members: str) -> str:
    own = [f"    {name} = {value!r}\n" for name, value in members.items()]
    return BY_CLASS + "".join(own)


FORMS = (by_call, by_class)
"""The two forms of an enum, as source."""


@dataclass(frozen=True)
class Step:
    files: Mapping[str, str]
    """The text of the files that the step writes."""
    errors: tuple[str, ...] = ()
    """Parts of the errors that mypy then reports; if there are none, it accepts the program."""
    no_error_at: str | None = None


@dataclass(frozen=True)
class Program:
    """A package with the modules `ledger`, `match` and `operations`, which mypy is told to check.

    The modules of a program import each other relatively, because all programs are in one folder.
    """

    package: str
    steps: tuple[Step, ...]

    @property
    def checked(self) -> list[str]:
        return [f"{self.package}/{name}.py" for name in ("ledger", "match", "operations")]

    def write(self, folder: Path, step: int) -> None:
        """Edits the program, unless it has fewer steps than others."""
        (folder / self.package).mkdir(exist_ok=True)
        for each in self.steps[step : step + 1]:
            for name, text in each.files.items():
                (folder / self.package / name).write_text(text)

    def errors_in(self, reported: Mapping[str, Errors]) -> list[str]:
        """The errors of this program among those that mypy reports, by file."""
        return [
            f"{Path(file).name}:{line}: error: {message}"
            for file, errors in reported.items()
            if Path(file).parent == Path(self.package)
            for line, message in errors
        ]
