"""Reads test cases for type checkers from Markdown files, which are also documentation.

A case is a heading and the Python blocks below it; each block is a module of the case's package.
Comments state the expected errors, `# E: message [code]` for mypy and `# P: rule` for pyright, on
the line of the error or on the lines below it. mypy checks every block, and pyright those that are
marked:

    ```python pyright file=operations.py
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import core.ledgers.operations

SOURCES = Path(core.ledgers.operations.__file__).parents[2]
PLUGIN = SOURCES / "core/mypy_plugin/plugin.py"

_EXPECTATION = re.compile(r"# ([EP]): (.*?)(?=  # [EP]: |$)")
_MYPY_LINE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+): error: (?P<message>.*)")

Errors = Counter[tuple[int, str]]
"""How often each message is reported on each line."""


@dataclass(frozen=True)
class Module:
    file: str
    source: str
    """Preceded by blank lines, so that its line numbers are those of the Markdown file."""
    pyright: bool

    def expected(self, checker: str) -> Errors:
        """The errors that the comments state for a checker, `E` (mypy) or `P` (pyright)."""
        errors = Errors()
        statement = 0
        for number, line in enumerate(self.source.splitlines(), 1):
            if not line.lstrip().startswith(("# E:", "# P:")):
                statement = number
            for letter, message in _EXPECTATION.findall(line):
                if letter == checker:
                    errors[statement, message] += 1
        return errors


@dataclass
class Case:
    name: str
    package: str
    modules: list[Module] = field(default_factory=list[Module])

    def write(self, folder: Path) -> None:
        (folder / self.package).mkdir(parents=True)
        for module in self.modules:
            (folder / self.path(module)).write_text(module.source)

    def path(self, module: Module) -> str:
        """Relative to the folder that the case is written to."""
        return f"{self.package}/{module.file}"


def read_cases(document: Path) -> list[Case]:
    """The cases of a Markdown file, in order."""
    cases: list[Case] = []
    info, start = "", 0
    block: list[str] = []
    for number, line in enumerate(document.read_text().splitlines(), 1):
        if info and line == "```":
            options = dict(option.split("=") for option in info.split() if "=" in option)
            source = "\n" * start + "\n".join(block) + "\n"
            module = Module(options.get("file", "case.py"), source, "pyright" in info.split())
            cases[-1].modules.append(module)
            info = ""
        elif info:
            block.append(line)
        elif line.startswith("```python"):
            info, start, block = line[3:], number, []
        elif line.startswith("## "):
            name = line[3:]
            slug = re.sub(r"\W+", "_", name.lower()).strip("_")
            cases.append(Case(f"{document.stem}: {name}", f"{document.stem}_{slug}"))
    return [case for case in cases if case.modules]


def write_config(folder: Path, *, plugins: Iterable[str] = ("pydantic.mypy", str(PLUGIN))) -> Path:
    """Writes the workspace's settings of mypy for the cases in `folder`; returns the file."""
    config = folder / "mypy.ini"
    config.write_text(
        "[mypy]\n"
        "strict = True\n"
        "warn_unreachable = True\n"
        "namespace_packages = True\n"
        "explicit_package_bases = True\n"
        f"mypy_path = {SOURCES}:{folder}\n"
        f"plugins = {', '.join(plugins)}\n"
        f"cache_dir = {folder / '.cache'}\n"
        "[pydantic-mypy]\n"
        "init_typed = True\n"
    )
    return config


def mypy_errors(output: str) -> Mapping[str, Errors]:
    """mypy's errors by file. Raises AssertionError for output that is neither error nor note."""
    found: dict[str, Errors] = {}
    for line in output.splitlines():
        match = _MYPY_LINE.fullmatch(line)
        if match is None:
            assert line.startswith(("Found ", "Success: ")) or ": note: " in line, output
            continue
        errors = found.setdefault(match["file"], Errors())
        errors[int(match["line"]), match["message"]] += 1
    return found


def pyright_errors(folder: Path, include: Iterable[str]) -> Mapping[str, Errors]:
    """The rules that pyright reports, by file; once per line, because pyright repeats itself."""
    settings = {
        "typeCheckingMode": "strict",
        "include": list(include),
        "extraPaths": [str(SOURCES)],
        "pythonVersion": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"], "pyright found nothing to check"
    found: dict[str, Errors] = {}
    for diagnostic in report["generalDiagnostics"]:
        path = str(Path(diagnostic["file"]).relative_to(folder.resolve()))
        line = diagnostic["range"]["start"]["line"] + 1
        found.setdefault(path, Errors())[line, diagnostic.get("rule", "error")] = 1
    return found
