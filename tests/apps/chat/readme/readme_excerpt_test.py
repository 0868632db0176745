"""The README shows a part of chat's ledger."""

import inspect
import re
from pathlib import Path

from apps.chat import ledger

README = Path("README.md").read_text()


def test_the_readme_shows_the_amounts_and_limits_of_chat() -> None:
    [shown] = re.findall(
        r"```python\n# src/python/apps/chat/ledger.py\n(.*?)```", README, re.DOTALL
    )
    assert "amounts=" in shown and "limits=" in shown
    assert shown in inspect.getsource(ledger)
