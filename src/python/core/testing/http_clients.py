"""HTTP clients of services that tests run on this machine."""

import httpx


def http_client(address: str = "") -> httpx.Client:
    """Returns a client of the service at `address`.

    It does not load the certificate authorities: there is no TLS here, and loading them is slow.
    """
    return httpx.Client(base_url=address, timeout=60, verify=False)
