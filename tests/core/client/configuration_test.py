"""A client refuses arguments that can never work, and shows no secret that is in one of them."""

import traceback
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.client.ledger_client import LedgerClient
from core.ledgers.errors import ConfigurationError
from sample.operations import SampleOperation


@pytest.mark.parametrize(
    "arguments",
    [
        {"url": "ledger.internal"},
        {"url": "ftp://ledger.internal"},
        {"url": "http://ledger.internal?key=s3cr3t"},
        {"url": "http://ledger.internal#s3cr3t"},
        {"url": "s3cr3t"},  # the key, by mistake
        {"url": "http://user:s3cr3t@ledger.internal"},
        {"url": "http://user:s3cr3t@"},
        {"url": "http://user:s3cr3t"},
        {"url": "http://user:1/s3cr3t@ledger.internal"},
        {"url": "http://user:s3cr3t/1@ledger.internal"},
        {"url": "http://user:1?s3cr3t@ledger.internal"},
        {"url": "http://user:s3cr3t\n@ledger.internal"},
        {"url": "user:s3cr3t@ledger.internal"},
        {"url": "http://"},
        {"url": "http://xn--s3cr3t.b"},
        {"url": "http://ledger.internal", "api_key": "lk_1\n"},
        {"url": "http://ledger.internal", "api_key": ""},
        {"url": "http://ledger.internal", "deadline": 0},
        {"url": "http://ledger.internal", "try_timeout": float("nan")},
    ],
)
def test_an_argument_that_never_works_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        LedgerClient(**arguments, operations=SampleOperation)
    shown = "".join(traceback.format_exception(refused.value))
    assert "lk_1" not in shown and "s3cr3t" not in shown


def test_basic_authentication_and_a_key_exclude_each_other() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["Authorization"])
        return httpx.Response(200, json={"balance": 5})

    url = "http://ledger.internal/%40me/"
    with httpx.Client(transport=httpx.MockTransport(answer), auth=("user", "s3cr3t")) as http:
        assert LedgerClient(url, operations=SampleOperation, http=http).balance("ann") == 5
        with pytest.raises(ConfigurationError, match="can replace the API key"):
            LedgerClient(url, operations=SampleOperation, http=http, api_key="lk_1")
    assert [each.split()[0] for each in sent] == ["Basic"]


def test_a_netrc_file_and_a_key_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine ledger.internal login me password s3cr3t\n")
    with (
        httpx.Client(auth=httpx.NetRCAuth(str(tmp_path / "netrc"))) as http,
        pytest.raises(ConfigurationError, match="can replace the API key"),
    ):
        LedgerClient("http://ledger.internal", operations=SampleOperation, http=http, api_key="k")
