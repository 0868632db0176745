"""The bill of materials of a package: the third-party code that it contains, as CycloneDX JSON.

It is read from the PEX file itself, so it cannot differ from what is deployed. It has neither a
time nor a serial number: the same file has the same bill.
"""

import json
import os
import re
import zipfile
from collections.abc import Iterable
from email.parser import HeaderParser
from typing import Any
from urllib.parse import quote

import click

from core.ledgers.errors import ConfigurationError
from core.migrations.commands import package

_LOCK = re.compile(r"[^/]+\.lock")  # the app's: see 3rdparty/python/BUILD
_PINNED = re.compile(r"(\S+)==([^\s;\\]+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_METADATA = re.compile(r"\.deps/([^/]+)/[^/]+\.dist-info/METADATA")


def sbom_command(app: str) -> click.Command:
    """Returns the command for this app."""

    @click.command("sbom", help="Print what third-party code the package has, as CycloneDX JSON.")
    def command() -> None:
        click.echo(json.dumps(bill_of_materials(app), indent=2))

    return command


def bill_of_materials(app: str) -> dict[str, object]:
    """Returns the CycloneDX document of the PEX file that runs.

    Raises ConfigurationError if this is not a PEX file.
    """
    path = package()
    if path is None:
        raise ConfigurationError(
            "Only a PEX file has a bill of materials. Print it with: "
            f"./pants package src/python/apps/{app}:pex && python3 dist/{app}.pex sbom"
        )
    with zipfile.ZipFile(path) as pex:
        info: dict[str, Any] = json.loads(pex.read("PEX-INFO"))
        [lock] = filter(_LOCK.fullmatch, pex.namelist())
        hashes = _hashes(pex.read(lock).decode())
        # There is a wheel for each version of Python, if it has code in C.
        wheels = {_package_of(wheel): wheel for wheel in info["distributions"]}
        required = _required(pex)
    urls = {name: _url(name, version) for name, version in wheels}
    # PEX's own code starts the app.
    bootstrap = _component("pex", info["build_properties"]["pex_version"], [])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": app,
                "name": app,
                "version": os.environ.get("LEDGER_REVISION", "unknown"),
            }
        },
        "components": [
            bootstrap,
            *(_component(*each, hashes.get(each, [])) for each in sorted(wheels)),
        ],
        "dependencies": [
            {
                "ref": app,
                "dependsOn": [bootstrap["bom-ref"], *_urls_of(info["requirements"], urls)],
            },
            *(
                {"ref": urls[each[0]], "dependsOn": _urls_of(required.get(wheel, []), urls)}
                for each, wheel in sorted(wheels.items())
            ),
        ],
    }


def _component(name: str, version: str, hashes: list[str]) -> dict[str, object]:
    url = _url(name, version)
    component: dict[str, object] = {
        "type": "library",
        "bom-ref": url,
        "name": name,
        "version": version,
        "purl": url,
    }
    if hashes:
        component["externalReferences"] = [
            {
                "type": "distribution",
                "url": url,
                "comment": "The lock accepts a file with any of these hashes",
                "hashes": [{"alg": "SHA-256", "content": each} for each in hashes],
            }
        ]
    return component


def _hashes(lock: str) -> dict[tuple[str, str], list[str]]:
    """The hashes of the files that may be installed for each package of the lock."""
    return {
        (_normalized(match[1]), match[2]): re.findall(r"--hash=sha256:(\w+)", match[3])
        for match in _PINNED.finditer(lock)
    }


def _required(pex: zipfile.ZipFile) -> dict[str, list[str]]:
    """Returns the requirements of each wheel, without those of its extras."""
    found: dict[str, list[str]] = {}
    for match in filter(None, map(_METADATA.fullmatch, pex.namelist())):
        metadata = HeaderParser().parsestr(pex.read(match[0]).decode())
        requirements: list[str] = metadata.get_all("Requires-Dist", [])
        found[match[1]] = [each for each in requirements if not re.search(r"\bextra\s*==", each)]
    return found


def _urls_of(requirements: Iterable[str], urls: dict[str, str]) -> list[str]:
    """The packages among `urls` that fulfil the requirements; others are for another system."""
    names = (_normalized(re.split(r"[^\w.-]", each, maxsplit=1)[0]) for each in requirements)
    return sorted({urls[name] for name in names if name in urls})


def _package_of(wheel: str) -> tuple[str, str]:
    name, version, *_ = wheel.split("-")
    return _normalized(name), version


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _url(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{quote(version)}"
