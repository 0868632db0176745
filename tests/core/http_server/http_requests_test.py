"""HTTP/1.1 requests as clients really send them: with upgrades, in pieces, too large, or broken."""

import http.client
import json
from collections.abc import Iterator

import pytest
from httpx import Client
from pydantic import SecretStr

from core.http_server.raw_client import address_of, get, post, raw_client
from core.service.sample_requests import entry, posted_keys

H2C = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
)


@pytest.mark.parametrize("upgrade", [H2C, ("Connection: upgrade", "Upgrade: websocket")])
@pytest.mark.parametrize("pieces", [1, 2, 1000])
def test_a_wish_for_another_protocol_is_ignored(
    client: Client, shared_url: SecretStr, upgrade: tuple[str, ...], pieces: int
) -> None:
    requests = post("1", *upgrade) + post("2", *upgrade) + get("/ledger/ann", *upgrade)
    size = -(-len(requests) // pieces)
    with raw_client(client) as raw:
        for start in range(0, len(requests), size):
            raw.send(requests[start : start + size])
        assert [raw.answer().status for _ in range(3)] == [201, 201, 200]
        raw.send(post("3"))
        assert raw.answer().status == 201
    assert posted_keys(shared_url) == [("ann", "1"), ("ann", "2"), ("ann", "3")]


def test_a_chunked_body_may_come_with_a_wish_for_another_protocol(client: Client) -> None:
    body = json.dumps(entry("ann", "1")).encode()
    head, _, _ = post("1", *H2C).partition(b"Content-Length")
    with raw_client(client) as raw:
        raw.send(head + b"Transfer-Encoding: chunked\r\n" + "\r\n".join([*H2C, "", ""]).encode())
        for start in range(0, len(body), 10):
            chunk = body[start : start + 10]
            raw.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        raw.send(b"0\r\n\r\n")
        assert raw.answer().status == 201


TOO_LARGE_HEADS = {
    "one header": lambda: iter([b"GET /healthz HTTP/1.1\r\nX: ", *[b"x" * 10_000] * 10_000]),
    "many headers": lambda: iter([b"GET /healthz HTTP/1.1\r\n", *[b"X: x\r\n" * 1000] * 10_000]),
    "the path": lambda: iter([b"GET /", *[b"x" * 10_000] * 10_000]),
    "complete": lambda: iter([get("/healthz", f"X: {'x' * 66_000}")]),
    "trailers": lambda: iter(
        [
            post("1").partition(b"Content-Length")[0],
            b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n",
            *[b"X: x\r\n" * 1000] * 10_000,
        ]
    ),
    "the length of a chunk": lambda: iter(
        [
            post("1").partition(b"Content-Length")[0],
            b"Transfer-Encoding: chunked\r\n\r\n1;",
            *[b"x" * 10_000] * 10_000,
        ]
    ),
}


@pytest.mark.parametrize("kind", TOO_LARGE_HEADS)
def test_a_head_over_64_kib_gets_431_before_much_of_it_is_read(client: Client, kind: str) -> None:
    sent = 0
    with raw_client(client) as raw:
        try:
            for part in TOO_LARGE_HEADS[kind]():
                raw.send(part)
                sent += len(part)
        except ConnectionError:
            pass  # the rest, of 60 to 100 MB
        answer = raw.answer()
        assert (answer.status, answer.code) == (431, "request_header_fields_too_large")
        assert answer.headers["connection"] == "close"


def test_a_head_of_60_kib_is_accepted(client: Client) -> None:
    with raw_client(client) as raw:
        for _ in range(3):
            raw.send(get("/healthz", f"X: {'x' * 60_000}"))
            assert raw.answer().status == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01",
        b"CONNECT example.org:443 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_1_gets_400_with_a_problem_document(
    client: Client, request_: bytes
) -> None:
    with raw_client(client) as raw:
        raw.send(request_)
        assert (raw.answer().code, raw.is_closed()) == ("bad_request", True)


def test_pipelined_requests_are_answered_in_order_up_to_a_broken_one(client: Client) -> None:
    with raw_client(client) as raw:
        raw.send(post("1") + get() + post("2") + b"nonsense\r\n\r\n" + post("3"))
        assert [raw.answer().status for _ in range(3)] == [201, 200, 201]
        assert raw.is_closed()
    assert client.get("/ledger/ann").json()["balance"] == 2


def test_a_client_that_stops_sending_gets_its_answers(client: Client) -> None:
    with raw_client(client) as raw:
        raw.send(post("1") + post("2"))
        raw.finish_sending()
        assert [raw.answer().status for _ in range(2)] == [201, 201]
        assert raw.is_closed()


def test_a_client_that_stops_sending_early_gets_nothing_and_posts_nothing(client: Client) -> None:
    for request in (b"", get()[:-2], post("1")[:-2]):
        with raw_client(client) as raw:
            raw.send(request)
            raw.finish_sending()
            assert raw.is_closed()
    assert client.get("/ledger/ann").json()["balance"] == 0


def test_a_body_is_asked_for_unless_it_is_too_large(client: Client) -> None:
    accepted, refused = (post(f"{n}", "Expect: 100-continue", padding=n) for n in (0, 100_000))
    with raw_client(client) as raw:
        head, end, body = accepted.partition(b"\r\n\r\n")
        raw.send(head + end)
        assert raw.answer().status == 100
        raw.send(body)
        assert raw.answer().status == 201
        raw.send(refused.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        answer = raw.answer()
        assert (answer.status, answer.code) == (413, "content_too_large")
        assert (answer.headers["connection"], raw.is_closed()) == ("close", True)


def test_a_body_that_was_never_asked_for_is_not_taken_for_a_request(client: Client) -> None:
    with raw_client(client) as raw:
        raw.send(post("1", "Expect: 100-continue", path="/nothing").partition(b"\r\n\r\n")[0])
        raw.send(b"\r\n\r\n")
        assert (raw.answer().code, raw.is_closed()) == ("not_found", True)


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 100_000):
        yield b"x" * 100_000


@pytest.mark.parametrize("path", ["/ledger", "/ledger/batch"])
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_every_client_gets_the_413_for_20_mb(client: Client, path: str, chunked: bool) -> None:
    for _ in range(5):
        # It sends all of the body before it reads the answer.
        connection = http.client.HTTPConnection(*address_of(client), timeout=60)
        body = chunks(20_000_000) if chunked else b"x" * 20_000_000
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert json.loads(response.read())["code"] == "content_too_large"
        assert (response.status, response.getheader("connection")) == (413, "close")
        connection.close()
