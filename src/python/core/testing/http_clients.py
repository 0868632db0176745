"""HTTP clients of services that tests run on this machine."""

import httpx


def http_client(address: str = "") -> httpx.Client:
    """Returns a client of the service at `address`.

    It skips loading the CA certificates, which is slow: these services do not use TLS.
    """
    return httpx.Client(base_url=address, timeout=60, verify=False)
