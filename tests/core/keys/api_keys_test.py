"""API keys: how a setting lists them, which token is which key, and what messages leave out."""

from datetime import datetime, timezone

import pytest

from core.keys.api_keys import KeyRing, new_key, parse_keys
from core.ledgers.errors import ConfigurationError

OPERATIONS = ["CREDIT_ADD", "CREDIT_SPEND"]
HASH = "sha256:" + "0" * 64


def test_a_new_key_is_found_by_its_token_and_by_no_other() -> None:
    token, line = new_key("shop", ["read", "post:CREDIT_ADD"], "2027-01-31", OPERATIONS)
    other, _ = new_key("shop", ["read"], None, OPERATIONS)
    ring = KeyRing(parse_keys(line, OPERATIONS))
    key = ring.find(token.encode())
    assert key is not None
    assert (key.name, set(key.scopes)) == ("shop", {"read", "post:CREDIT_ADD"})
    assert key.expires == datetime(2027, 1, 31, tzinfo=timezone.utc)
    for wrong in (other, token[:-1], token + "x", token.upper(), "", line, line.split()[2]):
        assert ring.find(wrong.encode()) is None
    assert token not in line and token not in repr(key)


class Uncompared(bytes):
    """A token that is hashed with SHA-256 only. Comparing it could reveal how much is right."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("the token was compared")

    def __hash__(self) -> int:
        raise AssertionError("the token was looked up")


def test_a_token_is_found_without_comparing_it() -> None:
    token, line = new_key("shop", ["read"], None, OPERATIONS)
    ring = KeyRing(parse_keys(line, OPERATIONS))
    assert ring.find(Uncompared(token.encode())) is not None
    assert ring.find(Uncompared(token[:-1].encode())) is None


def test_keys_are_separated_by_semicolons_or_lines_and_may_share_a_name() -> None:
    lines = [new_key("shop", ["post"], None, OPERATIONS) for _ in range(3)]
    text = f"{lines[0][1]} ; {lines[1][1]};\n\n{lines[2][1]}\n"
    ring = KeyRing(parse_keys(text, OPERATIONS))
    for token, _ in lines:
        found = ring.find(token.encode())
        assert found is not None and found.name == "shop"


@pytest.mark.parametrize(
    "text, problem",
    [
        ("shop", "form NAME SCOPE"),
        ("shop read", "form NAME SCOPE"),
        (f"shop read {HASH} 2027-01-01 more", "form NAME SCOPE"),
        ("shop read sha256:abc", "form NAME SCOPE"),
        (f"sh/op read {HASH}", "form NAME SCOPE"),
        (f"shop write {HASH}", "'write' is not a scope; use read, post or post:CREDIT_ADD"),
        (f"shop post:NOPE {HASH}", "'post:NOPE' is not a scope"),
        (f"shop read,CREDIT_ADD {HASH}", "'CREDIT_ADD' is not a scope"),
        (f"shop read, {HASH}", "'' is not a scope"),
        (f"shop read {HASH} tomorrow", "an expiry must be a date"),
    ],
)
def test_a_malformed_key_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        parse_keys(text, OPERATIONS)


@pytest.mark.parametrize(
    "form", ["{0}", "{0} read", "shop read {0}", "shop {0} {1}", "{0} read {1}"]
)
def test_a_token_in_the_wrong_place_is_not_in_the_message(form: str) -> None:
    token, _ = new_key("shop", ["read"], None, OPERATIONS)
    with pytest.raises(ConfigurationError) as refused:
        parse_keys(form.format(token, HASH), OPERATIONS)
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    "name, scopes, expiry",
    [
        ("a b", ["read"], None),
        ("shop\nINFO forged", ["read"], None),
        ("", ["read"], None),
        ("shop", [], None),
        ("shop", ["post:NOPE"], None),
        ("shop", ["read"], "soon"),
    ],
)
def test_a_new_key_is_checked(name: str, scopes: list[str], expiry: str | None) -> None:
    with pytest.raises(ConfigurationError):
        new_key(name, scopes, expiry, OPERATIONS)


@pytest.mark.parametrize("operation", ["gift card", "a,b", "a;b", "tab\there", "gift-card", "é:ü"])
def test_the_line_of_a_new_key_can_be_read_or_is_not_printed(operation: str) -> None:
    try:
        _, line = new_key("shop", [f"post:{operation}"], None, [operation])
    except ConfigurationError as refused:
        assert "spaces, commas or semicolons; use the scope post" in str(refused)
        assert set(operation) & set(" ,;\t")
    else:
        [key] = parse_keys(line, [operation])
        assert key.scopes == {f"post:{operation}"}
