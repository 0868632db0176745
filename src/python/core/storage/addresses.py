"""Resolves the host names of a database without blocking the event loop, as libpq would."""

import asyncio
import random
import socket
from collections.abc import Mapping
from typing import Any

import psycopg2


async def addresses(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns libpq's parameters of each address to try, in order.

    Raises psycopg2.OperationalError if no name can be resolved.
    """
    if parameters.get("hostaddr"):
        return [{}]
    hosts = str(parameters.get("host") or "").split(",")
    ports = str(parameters["port"]).split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    loop = asyncio.get_running_loop()
    targets: list[dict[str, str]] = []
    failures: list[OSError] = []
    for host, port in zip(hosts, ports):
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
