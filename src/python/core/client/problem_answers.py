"""Converts the service's problem documents to exceptions, by their code."""

from core.client import exceptions
from core.client.answers import Answer, AppAnswers
from core.client.exceptions import ClientError, Problem
from core.client.json_fields import Fields
from core.client.plain_problems import PLAIN
from core.ledgers.operations import OperationT


def problem(answer: Answer, app: AppAnswers[OperationT]) -> ClientError:
    """Returns the exception for an answer that refuses its request.

    That is UnexpectedAnswer if the answer is not a problem document.
    """
    try:
        read = problem_of(answer.fields(), app)
    except ValueError:
        return answer.unexpected()
    read.retry_after = answer.retry_after
    return read


def problem_of(fields: Fields, app: AppAnswers[OperationT]) -> Problem:
    """Returns the exception for a problem document.

    Raises ValueError if a field is missing or malformed.
    """
    status = fields.integer("status")
    title, detail, code = fields.text("title"), fields.text("detail"), fields.text("code")
    index = fields.optional("index", fields.integer)
    if code in PLAIN:
        return PLAIN[code](status, title, detail)
    match code:
        case "insufficient_balance" | "balance_limit":
            too_low = code == "insufficient_balance"
            kind = exceptions.InsufficientBalance if too_low else exceptions.BalanceLimit
            amount, balance = fields.integer("amount"), fields.integer("balance")
            return kind(status, title, detail, amount, balance, index)
        case "limit_reached":
            return exceptions.LimitReached(
                status,
                title,
                detail,
                app.operation(fields.text("operation")),
                fields.integer("allowed"),
                fields.optional("resets_at", fields.instant),
                fields.optional("entry", lambda name: app.entry(fields.nested(name))),
                index,
            )
        case "duplicate_nonce":
            entry = app.entry(fields.nested("entry"))
            return exceptions.DuplicateNonce(status, title, detail, entry)
        case "nonce_reused":
            entry = app.entry(fields.nested("entry"))
            return exceptions.NonceReused(status, title, detail, entry, index)
        case "batch_already_posted":
            entries = tuple(app.entry(entry) for entry in fields.nested_list("entries"))
            return exceptions.BatchAlreadyPosted(status, title, detail, entries)
        case "invalid_request" | "quantity_not_allowed":
            errors = tuple(
                exceptions.InvalidField(error.text("field"), error.text("message"))
                for error in fields.nested_list("errors")
            )
            only_quantity = code == "quantity_not_allowed"
            refusal = exceptions.QuantityNotAllowed if only_quantity else exceptions.InvalidRequest
            return refusal(status, title, detail, errors)
        case _:
            return exceptions.UnknownProblem(status, title, detail, code)
