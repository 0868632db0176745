"""The text that the program prints when the service is ready."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address

from pydantic import SecretStr


def is_reachable(listener: socket.socket) -> bool:
    """Whether other machines may be able to connect."""
    return not ip_address(listener.getsockname()[0]).is_loopback


def greeting(
    app: str,
    listeners: Sequence[socket.socket],
    data: str,
    embedded: SecretStr | None,
    *,
    has_keys: bool,
) -> str:
    """Returns the service's address, the location of its data, and an example request.

    The second of the `listeners` is for metrics, if there is one. `embedded` is the URL of the
    embedded server, in which nothing is secret.
    """
    access = "with one of API_KEYS" if has_keys else "everybody, as API_KEYS is not set"
    key = "-H 'Authorization: Bearer …' " if has_keys else ""
    address, *others = map(_address, listeners)
    body = '{"owner_id": "alice", "operation": "SIGNUP_CREDIT", "nonce": "first"}'
    database = f"\n  database       {embedded.get_secret_value()}" if embedded else ""
    metrics = "".join(f"\n  metrics        {other}/metrics" for other in others)
    return f"""
{app}'s ledger runs at {address}
  documentation  {address}/docs
  console        {address}/console
  data           {data}{database}{metrics}
  access         {access}
  try            curl {key}-H 'Content-Type: application/json' -d '{body}' {address}/ledger
"""


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
