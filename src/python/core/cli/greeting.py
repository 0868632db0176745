"""The text that the program prints when the service is ready."""

import socket

from pydantic import SecretStr


def greeting(
    app: str, listener: socket.socket, data: str, embedded: SecretStr | None = None
) -> str:
    """Returns the service's address, the location of its data, and an example request.

    `embedded` is the URL of the embedded server, in which nothing is secret.
    """
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    body = '{"owner_id": "alice", "operation": "SIGNUP_CREDIT", "nonce": "first"}'
    database = f"\n  database       {embedded.get_secret_value()}" if embedded else ""
    return f"""
{app}'s ledger runs at {address}
  documentation  {address}/docs
  data           {data}{database}
  try            curl -H 'Content-Type: application/json' -d '{body}' {address}/ledger
"""
