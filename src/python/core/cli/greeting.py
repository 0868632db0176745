"""What the program prints once it serves."""

import socket


def greeting(app: str, listener: socket.socket, data: str) -> str:
    """The service's address, where its data is, and a request to try."""
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    body = '{"owner_id": "alice", "operation": "SIGNUP_CREDIT", "nonce": "first"}'
    return f"""
{app}'s ledger runs at {address}
  documentation  {address}/docs
  data           {data}
  try            curl -H 'Content-Type: application/json' -d '{body}' {address}/ledger
"""
