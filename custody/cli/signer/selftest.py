"""`custody signer self-test`: what a signer promises about its machine, and whether it holds on this one."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from custody.cli import home_folder
from custody.codec.canonical_json import Json
from custody.edge.places import writing
from custody.edge.selftest import GUARANTEES, findings
from custody.edge.selftest.guarantee import Finding
from custody.edge.terminal import say
from custody.errors import EvidenceError


@click.command("self-test")
@click.option("--media", is_flag=True, help="This is the boot profile that reads sticks: their drivers are expected.")
def self_test(media: bool) -> dict[str, Json]:
    """Tries each guarantee of a signer on this machine; needs no home."""
    found = []
    with _scratch() as folder:
        for one in findings(folder, media=media):
            found.append(one)
            say(f"{'holds   ' if one.holds else 'NOT HELD'}  {one.name}: {one.guarantee}: {one.observed}")
    failed = sum(not one.holds for one in found)
    say(f"SELFTEST-DONE passed={len(found) - failed} failed={failed} of={len(GUARANTEES)}")
    told = _told(found)
    if failed:
        raise EvidenceError(
            "SELF-TEST-FAILED",
            f"{failed} of {len(found)} guarantees of a signer do not hold on this machine.",
            "Fit for a rehearsal. For coins of value: the device of firmware-config.",
            told,
        )
    return told


@contextmanager
def _scratch() -> Iterator[Path]:
    """An empty folder, on the disk of the home where there is one."""
    beside = home_folder("signer").parent
    with writing(beside), tempfile.TemporaryDirectory(dir=beside if os.access(beside, os.W_OK) else None) as name:
        yield Path(name)


def _told(found: list[Finding]) -> dict[str, Json]:
    guarantees: list[Json] = [dict(asdict(one)) for one in found]
    failed = sum(not one.holds for one in found)
    return {"guarantees": guarantees, "passed": len(found) - failed, "failed": failed, "expected": len(GUARANTEES)}
