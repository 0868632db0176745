"""Resolves the host names of a database without blocking the event loop, as libpq would."""

import asyncio
import random
import socket
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg2


def described(parameters: Mapping[str, Any]) -> str:
    """Returns the hosts and ports of a database, for messages; "" if they may be a secret.

    If a slash of a password is not percent-encoded, libpq takes what is before it for the host and
    the port, and what is behind it, up to the real host, for the database's name.
    """
    if "@" in parameters.get("dbname", ""):
        return ""
    hosts = {**parameters, "host": parameters.get("hostaddr") or parameters.get("host")}
    return " or ".join(
        f"{host} port {port or 5432}" for host, port in _hosts_and_ports(hosts) if host
    )


async def addresses(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns libpq's parameters of each address to try, in order.

    Raises psycopg2.OperationalError if no name can be resolved.
    """
    if parameters.get("hostaddr"):
        return [{}]
    loop = asyncio.get_running_loop()
    targets: list[dict[str, str]] = []
    failures: list[OSError] = []
    for host, port in _hosts_and_ports(parameters):
        if not host or host[0] in "/@":  # a Unix socket
            targets.append({"host": host, "port": port})
            continue
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            failures.append(error)
            continue
        for address in found:
            targets.append({"host": host, "hostaddr": str(address[4][0]), "port": port})
    if not targets:
        raise psycopg2.OperationalError(f"cannot resolve the host: {failures[0]}")
    if parameters.get("load_balance_hosts") == "random":
        random.shuffle(targets)
    return targets


def _hosts_and_ports(parameters: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    hosts = str(parameters.get("host") or "").split(",")
    ports = str(parameters["port"]).split(",")
    return zip(hosts, ports * len(hosts) if len(ports) == 1 else ports)
