"""Where a throwaway server keeps its data."""

from pathlib import Path

import pytest

from core.embedded import throwaway_server
from core.testing.databases import execute, throwaway_databases


@pytest.mark.parametrize("durable", [True, False])
def test_data_is_in_memory_if_it_may_be_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, durable: bool
) -> None:
    monkeypatch.setattr(throwaway_server, "_MEMORY", tmp_path)
    monkeypatch.setattr(throwaway_server, "_ENOUGH", 0)
    with throwaway_databases(durable=durable) as databases:
        [(folder,)] = execute(databases.empty(), "SHOW data_directory")
        assert Path(folder).is_relative_to(tmp_path) != durable
    assert not [*tmp_path.iterdir()]


def test_no_memory_is_used_if_there_is_too_little(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(throwaway_server, "_MEMORY", tmp_path)
    for needed, found in ((0, tmp_path), (2**80, None)):
        monkeypatch.setattr(throwaway_server, "_ENOUGH", needed)
        assert throwaway_server.memory() == found
