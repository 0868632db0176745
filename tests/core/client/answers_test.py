"""Answers that this release of the client does not know, or that are not those of a ledger."""

import json
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from core.client import exceptions
from core.client.answers import Answer, AppAnswers
from core.client.exceptions import UnexpectedAnswer
from core.client.exchanges import ReadExchanges
from core.client.json_fields import Fields
from core.client.posting_exchanges import PostingExchanges
from core.client.problem_answers import problem
from core.client.results import UnknownOperation
from core.ledgers.requests import Post
from sample.operations import SampleOperation

APP = AppAnswers(SampleOperation)
ENTRY = {
    "id": 1,
    "operation": "GIFT",
    "amount": 2,
    "nonce": "1",
    "owner_id": "ann",
    "created_on": "2026-11-23T01:06:53Z",
}
PAGE = {"owner_id": "ann", "entries": [{**ENTRY, "balance": 2}], "next": None}
PROBLEM = {"type": "about:blank", "title": "Conflict", "status": 409, "detail": "Later"}


def document(code: str, **fields: object) -> Answer:
    return Answer(409, json.dumps({**PROBLEM, "code": code, **fields}).encode())


def test_an_unknown_operation_is_a_value() -> None:
    [entry] = APP.page(Fields(PAGE)).entries
    assert entry.operation == UnknownOperation("GIFT") and entry.operation.value == "GIFT"
    assert entry.created_on == datetime(2026, 11, 23, 1, 6, 53, tzinfo=timezone.utc)
    duplicate = problem(document("nonce_reused", entry=ENTRY), APP)
    assert isinstance(duplicate, exceptions.NonceReused)
    assert duplicate.entry.operation == UnknownOperation("GIFT")
    limits = {"limits": [{"operation": "GIFT", "used": 1, "allowed": 2, "resets_at": None}]}
    assert APP.limits(Fields(limits))[0].operation == UnknownOperation("GIFT")


def test_an_unknown_code_is_an_exception_with_the_code() -> None:
    unknown = problem(document("holiday"), APP)
    assert isinstance(unknown, exceptions.UnknownProblem)
    assert (unknown.document_code, unknown.status) == ("holiday", 409)
    assert str(unknown) == "Later (holiday)"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Bad Gateway",
        b"",
        b"\xff",
        b"[]",
        b'{"status": 409}',
        document("nonce_reused", entry={**ENTRY, "id": "1"}).body,
        document("nonce_reused", entry={**ENTRY, "id": True}).body,
        document("nonce_reused", entry={**ENTRY, "created_on": "yesterday"}).body,
        document("batch_already_posted", entries={}).body,
        document("nonce_reused").body,
    ],
)
def test_an_answer_of_something_else_is_unexpected(body: bytes) -> None:
    unexpected = problem(Answer(502, body, retry_after=3), APP)
    assert isinstance(unexpected, UnexpectedAnswer)
    assert (unexpected.status, unexpected.retry_after) == (502, 3)
    assert "status 502" in str(unexpected)


def test_a_success_without_the_expected_fields_is_unexpected() -> None:
    with pytest.raises(UnexpectedAnswer):
        Answer(200, b'{"balance": "5"}').read(200, lambda fields: fields.integer("balance"))
    with pytest.raises(UnexpectedAnswer):
        Answer(204, b'{"balance": 5}').read(200, lambda fields: fields.integer("balance"))


def test_an_answer_about_another_entry_is_unexpected() -> None:
    posts = PostingExchanges(APP, ReadExchanges(APP))
    post = Post("ann", SampleOperation.CREDIT_ADD, "1")
    posted = {**ENTRY, "operation": "CREDIT_ADD", "balance": 2}
    for answered, right in ((posted, True), ({**posted, "owner_id": "bob"}, False)):
        exchange = posts.post(post, new=True)
        assert next(exchange).path == "/ledger"
        with pytest.raises(StopIteration if right else UnexpectedAnswer) as end:
            exchange.send(Answer(201, json.dumps(answered).encode()))
        if isinstance(end.value, UnexpectedAnswer):
            assert end.value.unresolved == (post,)


@pytest.mark.parametrize("used_by", ["CREDIT_ADD", "CREDIT_SPEND"])
def test_a_nonce_of_another_operation_is_refused_to_every_try(used_by: str) -> None:
    posts = PostingExchanges(APP, ReadExchanges(APP))
    post = Post("ann", SampleOperation.CREDIT_SPEND, "1")
    reused = document("nonce_reused", entry={**ENTRY, "operation": used_by})
    exchange = posts.post(post, new=True)
    next(exchange)
    with pytest.raises(exceptions.NonceReused) as refused:
        exchange.send(replace(reused, repeated=True))
    # An entry of the same operation may be the call's own, at a price of another release.
    assert refused.value.unresolved == (() if used_by == "CREDIT_ADD" else (post,))
