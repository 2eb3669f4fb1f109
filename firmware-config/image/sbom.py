"""Writes what the image is made of as CycloneDX 1.5: every package and wheel with version, SHA-256 and licences.

Threat: a component with a known fault, or without a licence, that nobody knows is there.
Usage: sbom.py ROOT BOOT PACKAGES.LOCK WHEELS.LOCK, to stdout. ROOT is the unpacked root, BOOT what boots it.
"""

import json
import re
import sys
from collections.abc import Sequence
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

_SITE = "usr/local/lib/python3.11/dist-packages"


def component(kind: str, name: str, version: str, digest: str, licences: list[str]) -> dict[str, Any]:
    """One component; `kind` is a type of purl."""
    space = "deb/debian" if kind == "deb" else kind
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:{space}/{name}@{version.replace('+', '%2B').replace('~', '%7E')}",
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "licenses": [{"license": {"name": licence}} for licence in licences],
    }


def licences_of_package(roots: Sequence[Path], name: str) -> list[str]:
    """The short names in a machine-readable copyright file; otherwise where the text lies in the image."""
    files = [root / "usr/share/doc" / name / "copyright" for root in roots]
    file = next((one for one in files if one.is_file()), None)
    if file is None:
        return ["not told"]
    found = re.findall(r"^License:[ \t]*(\S[^\n]*)$", file.read_text("utf-8", "replace"), re.MULTILINE)
    return sorted({name.strip() for name in found}) or [f"/usr/share/doc/{name}/copyright"]


def licences_of_wheel(metadata: str) -> list[str]:
    """What a wheel says of its licence, the exact words first."""
    head = HeaderParser().parsestr(metadata)
    if expression := head["License-Expression"]:
        return [expression]
    classified = [line.rpartition(" :: ")[2] for line in head.get_all("Classifier", []) if "License ::" in line]
    return sorted(set(classified)) or [(head["License"] or "not told").splitlines()[0]]


def wheel(root: Path, file: str, digest: str) -> dict[str, Any]:
    """A wheel as it lies in the root."""
    name, version = file.split("-")[:2]
    metadata = (root / _SITE / f"{name}-{version}.dist-info/METADATA").read_text("utf-8")
    return component("pypi", name.replace("_", "-").lower(), version, digest, licences_of_wheel(metadata))


def document(root: Path, boot: Path, packages: str, wheels: str) -> dict[str, Any]:
    """The whole bill."""
    debs = [line.split(" ") for line in packages.splitlines()]
    listed = [
        component("deb", name, version, digest, licences_of_package((root, boot), name))
        for name, version, digest in debs
    ]
    listed += [wheel(root, *line.split(" ")) for line in wheels.splitlines()]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": listed}


if __name__ == "__main__":
    unpacked, booting, *locks = map(Path, sys.argv[1:])
    bill = document(unpacked, booting, *(lock.read_text("ascii") for lock in locks))
    print(json.dumps(bill, indent=1, sort_keys=True))
