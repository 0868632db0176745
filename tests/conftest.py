"""What every test of the workspace can use."""

pytest_plugins = ["core.testing.pytest_fixtures"]
