"""The text that the program prints when the service is ready."""

import socket


def greeting(app: str, listener: socket.socket, data: str) -> str:
    """Returns the service's address, the location of its data, and an example request."""
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    body = '{"owner_id": "alice", "operation": "SIGNUP_CREDIT", "nonce": "first"}'
    return f"""
{app}'s ledger runs at {address}
  documentation  {address}/docs
  data           {data}
  try            curl -H 'Content-Type: application/json' -d '{body}' {address}/ledger
"""
