"""Fixtures for every test of the workspace."""

pytest_plugins = ["core.testing.pytest_fixtures"]
