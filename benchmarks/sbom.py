"""`make sbom`: what both environments are made of: a bill of materials (CycloneDX 1.6) and the list of licences, from the locks.

Nothing is asked of a registry, and no address of one is written.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from benchmarks.figures import table
from core.settings import PROJECT

PAGE = PROJECT / "docs" / "reference" / "licences.md"
BILL = PROJECT / "build" / "waymark.cdx.json"
LOCKS = {
    "application": (PROJECT / "requirements.txt", PROJECT / ".venv" / "lib" / "python3.12" / "site-packages"),
    "engine": (
        PROJECT / "bot" / "engine" / "requirements.txt",
        PROJECT / ".venv-engine" / "lib" / "python3.10" / "site-packages",
    ),
}
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
REFUSED = re.compile(
    r"\b(AGPL|Affero|SSPL|BUSL|Business Source|Commons Clause|proprietary|non-?commercial)\b", re.IGNORECASE
)
"""Licences that would bind whoever runs a hotline with this, or forbid it."""
ELSEWHERE = "not installed on this system"
"""Of packages that the lock names for other operating systems."""
_LONG = 90


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned package of one environment."""

    environment: str
    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str = field(default="unknown")


def packages() -> list[Package]:
    """Everything that the locks name, with the licence that the installed package tells."""
    return [package for environment, (lock, site) in LOCKS.items() for package in _read(environment, lock, site)]


def _read(environment: str, lock: Path, site: Path) -> Iterator[Package]:
    there = {_key(found.metadata["Name"]): found for found in distributions(path=[str(site)]) if found.metadata["Name"]}
    for name, version, hashes in _pins(lock.read_text(encoding="utf-8")):
        found = there.get(_key(name))
        yield Package(environment, name, version, hashes, licence_of(found) if found else ELSEWHERE)


def _pins(text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if pin := _PIN.match(block):
            yield pin[1], pin[2], tuple(_HASH.findall(block))


def licence_of(found: Distribution) -> str:
    """The licence as the package itself tells it: the expression, else the classifiers, else the field when it is short."""
    told = found.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    classes = [each.split(" :: ")[-1] for each in told.get_all("Classifier") or () if each.startswith("License :: ")]
    if named := [each for each in classes if each != "OSI Approved"]:
        return "; ".join(sorted(set(named)))
    written = " ".join(str(told.get("License") or "").split())
    return written if 0 < len(written) <= _LONG else "see the package" if written else "unknown"


def bill(found: list[Package]) -> dict[str, Any]:
    """CycloneDX. No date and no random number: the same locks give the same bill."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "waymark", "bom-ref": "waymark"}},
        "components": [
            {
                "type": "library",
                "bom-ref": f"{each.environment}/{each.name}@{each.version}",
                "name": each.name,
                "version": each.version,
                "purl": f"pkg:pypi/{_key(each.name)}@{each.version}",
                "licenses": [{"license": {"name": each.licence}}],
                "properties": [
                    {"name": "waymark:environment", "value": each.environment},
                    *({"name": "waymark:sha256", "value": value} for value in each.hashes),
                ],
            }
            for each in found
        ],
    }


def page(found: list[Package]) -> str:
    """The list of licences."""
    lines = [
        "# Licences of what Waymark is made of",
        "",
        "Written by `make sbom` from the locks and the installed packages; the bill of materials goes to `build/waymark.cdx.json`.",
        "Every package is pinned with its SHA-256 sums and was at least seven days old when it was locked (`uv.toml`).",
        "",
    ]
    for environment in LOCKS:
        own = sorted((each for each in found if each.environment == environment), key=lambda each: _key(each.name))
        lines += [f"## {environment.capitalize()}: {len(own)} packages", ""]
        lines += table(
            ("package", "version", "licence"),
            [(each.name, each.version, each.licence.replace("|", "/")) for each in own],
        )
    return "\n".join(lines)


def refused(found: list[Package]) -> list[Package]:
    """Packages whose licence we may not ship or run."""
    return [each for each in found if REFUSED.search(each.licence)]


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Write both; exit code 1 when a licence is refused."""
    found = packages()
    BILL.parent.mkdir(exist_ok=True)
    BILL.write_text(json.dumps(bill(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")
    wrong = refused(found)
    for each in wrong:
        print(f"{each.environment}: {each.name} {each.version}: {each.licence}", file=sys.stderr)
    print(f"{len(found)} packages; {BILL.relative_to(PROJECT)}, {PAGE.relative_to(PROJECT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
