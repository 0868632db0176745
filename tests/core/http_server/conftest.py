"""Fixtures of the HTTP server's tests: those of the service's tests, which run on this server."""

from core.service.conftest import client, shared_client, shared_url, url

__all__ = ["client", "shared_client", "shared_url", "url"]
