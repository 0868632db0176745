"""Where a throwaway server keeps its data."""

from pathlib import Path

import pytest

from core.embedded import throwaway_server
from core.testing.databases import execute, throwaway_databases


@pytest.mark.parametrize(
    "durable, needed, in_memory", [(False, 0, True), (False, 2**80, False), (True, 0, False)]
)
def test_data_is_in_memory_if_there_is_room_and_it_may_be_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, durable: bool, needed: int, in_memory: bool
) -> None:
    monkeypatch.setattr(throwaway_server, "_MEMORY", tmp_path)
    monkeypatch.setattr(throwaway_server, "_ENOUGH", needed)
    with throwaway_databases(durable=durable) as databases:
        [(folder,)] = execute(databases.empty(), "SHOW data_directory")
        assert Path(folder).is_relative_to(tmp_path) == in_memory
    assert not [*tmp_path.iterdir()]
