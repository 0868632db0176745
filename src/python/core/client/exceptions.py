"""The client's exceptions: their base, and those with fields. plain_problems.py has the others."""

from dataclasses import dataclass, fields
from datetime import datetime

from core.client.results import Entry, UnknownOperation
from core.ledgers.errors import LedgerError
from core.ledgers.operations import BaseLedgerOperation
from core.ledgers.requests import Post

UNKNOWN = "whether it was posted is unknown"


class ClientError(LedgerError):
    """Base class of the exceptions that a call raises when a request fails.

    `unresolved` has the posts that may or may not have been written: post them again with the same
    nonces. It is empty after a read, and if the first try is refused, because nothing was written.
    If a later try is refused, an earlier one may have been written, or may still be.
    """

    code = "client_error"
    unresolved: tuple[Post[BaseLedgerOperation], ...] = ()
    retry_after: float | None = None
    """How many seconds the service asks to wait before the next try, if it does."""

    def __str__(self) -> str:
        if not self.unresolved:
            return self.explanation()
        if len(self.unresolved) == 1:
            again = f"post again with nonce={self.unresolved[0].nonce!r}"
        else:
            again = f"post all {len(self.unresolved)} posts again as they are"
        return f"{self.explanation()}; {self.doubt()}: {again}"

    def explanation(self) -> str:
        """Returns the message without the advice about `unresolved`."""
        return super().__str__()

    def doubt(self) -> str:
        """Returns why there are posts in `unresolved`."""
        if is_refusal(self):
            return "an earlier try may have been posted, or may still be"
        return UNKNOWN


class NoAnswer(ClientError):
    """The service could not be reached, did not answer in time, or broke the connection.

    `sent` is false if the request surely did not reach the service. `advice` says what to look at.
    `lasting` means that another try would fail in the same way.
    """

    code = "no_answer"
    tries = 1
    seconds = 0.0
    """How long the tries took together."""
    nothing_posted = False
    """Whether the request is a post that surely did not reach the service."""

    def __init__(
        self, explanation: str, sent: bool, advice: str | None = None, lasting: bool = False
    ) -> None:
        super().__init__(explanation, sent, advice, lasting)
        self.sent = sent
        self.advice = advice
        self.lasting = lasting

    def explanation(self) -> str:
        text = str(self.args[0])
        if self.tries > 1:
            text += f", after {self.tries} tries in {self.seconds:.1f} s"
        if self.nothing_posted:
            text += "; nothing was posted"
        return text if self.advice is None else f"{text}; {self.advice}"


class UnexpectedAnswer(ClientError):
    """The answer is not one of a ledger's service; `status` is its HTTP status.

    It may come from a proxy, or the URL may be that of something else.
    """

    code = "unexpected_answer"

    def __init__(self, explanation: str, status: int) -> None:
        super().__init__(explanation, status)
        self.status = status

    def explanation(self) -> str:
        return str(self.args[0])


@dataclass(eq=False)
class Problem(ClientError):
    """The service's answer is a problem document. Each code has a subclass, with its fields."""

    status: int
    title: str
    detail: str

    def __post_init__(self) -> None:
        self.args = tuple(getattr(self, field.name) for field in fields(self))  # for pickle

    def explanation(self) -> str:
        return self.detail


def is_refusal(error: ClientError) -> bool:
    """Whether `error` says that its try was refused, so that this try has written nothing.

    With 408, the end of the request has not arrived, so the try is repeated rather than refused.
    """
    return isinstance(error, Problem) and error.status < 500 and error.status != 408


@dataclass(eq=False)
class UnknownProblem(Problem):
    """A problem with a code that only a newer release of the service has: `document_code`."""

    code = "unknown_problem"
    document_code: str

    def explanation(self) -> str:
        return f"{self.detail} ({self.document_code})"


@dataclass(eq=False)
class InsufficientBalance(Problem):
    """The owner's `balance` does not cover `amount`. The nonce can still be used.

    `index` is that of the refused post in an atomic batch, of which nothing was posted.
    """

    code = "insufficient_balance"
    amount: int
    balance: int
    index: int | None


@dataclass(eq=False)
class BalanceLimit(Problem):
    """The owner's `balance` and `amount` are too many credits. The nonce can still be used.

    `index` is that of the refused post in an atomic batch, of which nothing was posted.
    """

    code = "balance_limit"
    amount: int
    balance: int
    index: int | None


@dataclass(eq=False)
class LimitReached(Problem):
    """The owner has had `operation` posted as often as is `allowed`, until `resets_at`.

    `entry` is the latest that counts; None if only posts of the same batch do. The nonce can still
    be used. `index` is that of the refused post in an atomic batch, of which nothing was posted.
    """

    code = "limit_reached"
    operation: BaseLedgerOperation | UnknownOperation
    allowed: int
    resets_at: datetime | None
    entry: Entry[BaseLedgerOperation] | None
    index: int | None


@dataclass(eq=False)
class DuplicateNonce(Problem):
    """An earlier call has posted the same with this nonce, as `entry`."""

    code = "duplicate_nonce"
    entry: Entry[BaseLedgerOperation]


@dataclass(eq=False)
class NonceReused(Problem):
    """The nonce was used for something else, `entry`: this is a mistake of the caller.

    `index` is that of the refused post in an atomic batch, of which nothing was posted.
    """

    code = "nonce_reused"
    entry: Entry[BaseLedgerOperation]
    index: int | None


@dataclass(eq=False)
class BatchAlreadyPosted(Problem):
    """An earlier call has posted the same batch, as `entries`."""

    code = "batch_already_posted"
    entries: tuple[Entry[BaseLedgerOperation], ...]


@dataclass(frozen=True)
class InvalidField:
    """A field of a request, and what is wrong with it."""

    field: str
    message: str


@dataclass(eq=False)
class InvalidRequest(Problem):
    """The service does not accept the request; `errors` says why."""

    code = "invalid_request"
    errors: tuple[InvalidField, ...]


class QuantityNotAllowed(InvalidRequest):
    """The operation has a fixed amount, so it takes no quantity."""

    code = "quantity_not_allowed"
