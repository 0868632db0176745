"""The messages that say why a post is refused."""

from core.ledgers.limits import Limit
from core.ledgers.operations import OperationT
from core.ledgers.outcomes import BalanceTooHigh, Duplicate, Entry, Insufficient, LimitReached
from core.ledgers.posting import MAX_BALANCE


def insufficient(refusal: Insufficient) -> str:
    return (
        f"Insufficient balance: the operation takes {-refusal.amount} credits, "
        f"but the owner has {refusal.balance}"
    )


def balance_too_high(refusal: BalanceTooHigh) -> str:
    return (
        f"Balance limit: the operation adds {refusal.amount} credits, but the owner has "
        f"{refusal.balance} and can have at most {MAX_BALANCE}"
    )


def duplicate(refusal: Duplicate[OperationT]) -> str:
    """Returns the message for a retry of a post that has already been written."""
    original = refusal.original
    return (
        f"Duplicate transaction: the owner has already used nonce {original.nonce!r}, "
        f"for entry {original.id}"
    )


def nonce_reused(refusal: Duplicate[OperationT]) -> str:
    """Returns the message for a different post with a nonce that the owner has already used."""
    original = refusal.original
    return (
        f"Duplicate transaction: entry {original.id} already has the nonce {original.nonce!r}, "
        f"{_difference(refusal)}; use a new nonce for another post"
    )


def _difference(refusal: Duplicate[OperationT]) -> str:
    """Returns how the entry that has the nonce differs from the post."""
    original = refusal.original
    if not refusal.reused:  # in a batch of which the rest is new
        return "from another request"
    if original.operation is refusal.post.operation:
        return f"with another quantity (its amount is {original.amount})"
    name = original.operation.value if isinstance(original, Entry) else original.operation
    return f"with another operation ({name})"


def limit_reached(refusal: LimitReached[OperationT], limit: Limit) -> str:
    times = "once" if refusal.allowed == 1 else f"{refusal.allowed} times"
    detail = f"Limit reached: {refusal.operation.value} is posted at most {times}"
    if limit.per is None or refusal.resets_at is None:
        return detail
    article = "an" if limit.per == "hour" else "a"
    return (
        f"{detail} {article} {limit.per} ({limit.timezone}); the next {limit.per} begins at "
        f"{refusal.resets_at.isoformat()}"
    )
