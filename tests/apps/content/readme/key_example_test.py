"""docs/security.md shows what `keys new` prints, with the beginning of the key and of its hash."""

import re

from apps.content.readme.shown_command import shown_and_printed


def test_the_new_key_has_the_form_shown() -> None:
    shown, printed = shown_and_printed("docs/security.md", "keys new")
    assert without_secrets(shown) == without_secrets(printed), f"It prints, say:\n{printed}"


def without_secrets(output: str) -> str:
    return re.sub(r"\b(lk_|sha256:)[\w-]+…?", r"\1…", output)
