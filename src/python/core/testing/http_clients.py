"""HTTP clients of services that tests run on this machine."""

import httpx


def http_client(address: str = "") -> httpx.Client:
    """Returns a client of the service at `address`.

    It reads no certificates, which takes longer than starting a service: there is no TLS here.
    """
    return httpx.Client(base_url=address, timeout=60, verify=False)
