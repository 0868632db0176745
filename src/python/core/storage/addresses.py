"""Resolves the host names of a database without blocking the event loop, as libpq would."""

import asyncio
import random
import socket
from collections.abc import Mapping
from typing import Any

import psycopg2


def described(parameters: Mapping[str, Any]) -> str:
    """Returns the hosts and ports of a database, for messages; "" if they may be a secret.

    If a slash of a password is not percent-encoded, libpq takes what is before it for the host and
    the port, and what is behind it, up to the real host, for the database's name.
    """
    if "@" in parameters.get("dbname", ""):
        return ""
    places = [(each.get("hostaddr") or each.get("host"), each) for each in _listed(parameters)]
    return " or ".join(f"{host} port {each.get('port') or 5432}" for host, each in places if host)


class Unresolved(psycopg2.OperationalError):
    """The addresses of a host are unknown."""


def hosts(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns libpq's parameters of each host to try, in order.

    It returns no parameters where libpq must decide: a service or no host is given, or the lists do
    not match.
    """
    return _in_order(_listed(parameters), parameters)


def _listed(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    given = {key: str(parameters.get(key) or "").split(",") for key in ("host", "hostaddr", "port")}
    given = {key: values for key, values in given.items() if values != [""]}
    count = max(len(given.get("host", "")), len(given.get("hostaddr", "")))
    if len(given.get("port", "")) == 1:
        given["port"] *= count
    matching = all(len(values) == count for values in given.values())
    if not count or not matching or "service" in parameters:
        return [{}]
    return [dict(zip(given, values)) for values in zip(*given.values())]


async def addresses(host: Mapping[str, str], parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns libpq's parameters of each address of one of the `hosts`, in order.

    Raises Unresolved if its name cannot be resolved.
    """
    name = host.get("host", "")
    if host.get("hostaddr") or not name or name[0] in "/@":  # a Unix socket
        return [dict(host)]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label is empty or too long
        raise Unresolved(f"cannot resolve the host: {error}") from None
    return _in_order([{**host, "hostaddr": str(each[4][0])} for each in found], parameters)


def _in_order(targets: list[dict[str, str]], parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    if parameters.get("load_balance_hosts") == "random":
        random.shuffle(targets)
    return targets
