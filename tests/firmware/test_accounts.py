"""What the image is made of, told for people and for programs that look for known faults."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from recipes import load

from custody.vault.mnemonic import from_entropy


@pytest.fixture
def sbom(recipe: Path) -> ModuleType:
    return load(recipe / "image/sbom.py")


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """A root and a boot tree with a licence each, and a wheel."""
    root, boot = tmp_path / "root", tmp_path / "boot"
    for tree, name, text in ((root, "gpg", "License: GPL-3+\nLicense: LGPL-3+\n"), (boot, "kernel", "free text\n")):
        (tree / "usr/share/doc" / name).mkdir(parents=True)
        (tree / "usr/share/doc" / name / "copyright").write_text(text)
    info = root / "usr/local/lib/python3.11/dist-packages/made_up-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: made-up\nLicense-Expression: MIT\n\nLicense: no\n")
    return root, boot


def test_every_locked_component_is_in_the_bill(sbom: ModuleType, trees: tuple[Path, Path]) -> None:
    packages = f"gpg 2.2.40-1.1+deb12u2 {64 * '1'}\nkernel 6.1 {64 * '2'}\n"
    bill = sbom.document(*trees, packages, f"made_up-1.0-py3-none-any.whl {64 * '3'}\n")
    told = [(one["purl"], one["hashes"][0]["content"][0], one["licenses"]) for one in bill["components"]]
    named = [[{"license": {"name": name}} for name in names] for names in (["GPL-3+", "LGPL-3+"], ["MIT"])]
    text = [{"license": {"name": "/usr/share/doc/kernel/copyright"}}]
    assert told == [
        ("pkg:deb/debian/gpg@2.2.40-1.1%2Bdeb12u2", "1", named[0]),
        ("pkg:deb/debian/kernel@6.1", "2", text),
        ("pkg:pypi/made-up@1.0", "3", named[1]),
    ]
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    json.dumps(bill)


def test_a_wheel_that_is_not_in_the_root_fails_the_build(sbom: ModuleType, trees: tuple[Path, Path]) -> None:
    with pytest.raises(FileNotFoundError):
        sbom.document(*trees, "", f"absent-1.0-py3-none-any.whl {64 * '3'}\n")


@pytest.mark.parametrize(
    ("metadata", "licences"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: other\n", ["MIT OR Apache-2.0"]),
        ("Classifier: License :: OSI Approved :: BSD License\n", ["BSD License"]),
        ("License: Public domain\n  and more\n", ["Public domain"]),
        ("Name: x\n", ["not told"]),
    ],
)
def test_a_wheels_licence_is_what_it_says_itself(sbom: ModuleType, metadata: str, licences: list[str]) -> None:
    assert sbom.licences_of_wheel(metadata) == licences


def test_hashes_are_told_in_digits_and_in_words(recipe: Path, project: Path, tmp_path: Path) -> None:
    (tmp_path / "root.img").write_bytes(b"made up")
    command = [sys.executable, recipe / "image/hashes.py", tmp_path / "root.img"]
    run = subprocess.run(
        command, cwd=project, env={"PYTHONPATH": str(project)}, capture_output=True, text=True, check=True
    )
    name, digits, *words = run.stdout.splitlines()
    digest = hashlib.sha256(b"made up").digest()
    assert name == "root.img"
    assert digits.replace(" ", "") == digest.hex()
    assert " ".join(line.strip() for line in words) == from_entropy(digest)
