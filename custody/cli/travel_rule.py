"""``custody travel-rule``: the validator of IVMS101 data alone, for people who need nothing else of this program."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from custody.codec.canonical_json import Json
from custody.codec.schema import Finding, SchemaError
from custody.edge.clock import parse_time, unix_time
from custody.edge.inputs import read_input
from custody.edge.terminal import say
from custody.errors import InputError, TransactionError
from custody.screen import printable
from custody.travel_rule.completeness import Terms
from custody.travel_rule.profile import Profile, Threshold
from custody.travel_rule.profiles import DEFAULT, PROFILES, profile
from custody.travel_rule.rates import MINOR_DIGITS
from custody.travel_rule.reading import Readable, read_any
from custody.travel_rule.record import MAX_BLOCK_BYTES


@click.group("travel-rule")
def travel_rule() -> None:
    """Checks who-pays-whom data (IVMS101) against the standard and a jurisdiction."""


@travel_rule.command("check")
@click.argument("file", type=click.Path(path_type=Path), metavar="F")
@click.option("--profile", "name", metavar="NAME", default=DEFAULT, show_default=True, help="The jurisdiction.")
@click.option("--at", metavar="TIME", help="The moment of the question; now without it.")
def check(file: Path, name: str, at: str | None) -> dict[str, Json]:
    """Says what F lacks: an IVMS101 payload, a record, a list of records, or a block.

    Exit 0: complete. 3: incomplete. 4: it cannot be read. Nothing that stands in the file is repeated.
    """
    asked, moment = profile(name), parse_time(at) if at else unix_time()
    found = _read(file, asked)
    say(f"This is {found.kind}, judged by {asked.title}, as of {asked.as_of}.")
    findings = [*found.findings(Terms(asked, datetime.fromtimestamp(moment, UTC).date(), moment))]
    fields = _fields(asked, findings) | {"kind": found.kind}
    if found.payload:
        say("A payload alone: nothing is said of the receiving VASP's jurisdiction, of a notice, or of a wallet.")
    if findings:
        _tell(findings)
        hint = "Complete the data; the text after each place says what is asked."
        raise TransactionError("TRAVEL-RULE-INCOMPLETE", f"Findings: {len(findings)}.", hint, fields)
    say("Complete. Whether it is true, and whether it belongs to a transaction, is not judged here.")
    return fields


def _read(file: Path, asked: Profile) -> Readable:
    try:
        return read_any(read_input(file, MAX_BLOCK_BYTES))
    except SchemaError as error:
        _tell(error.findings)
        raise InputError(error.code, error.message, error.hint, _fields(asked, error.findings)) from None


def _fields(asked: Profile, findings: Sequence[Finding]) -> dict[str, Json]:
    told: list[Json] = [
        {"code": one.code, "where": one.where, "observed": one.observed, "required": one.required} for one in findings
    ]
    return {"profile": asked.id, "as_of": asked.as_of, "complete": not findings, "findings": told}


def _tell(findings: Sequence[Finding]) -> None:
    for one in findings:
        say(printable(f"{one.where}: {one.observed}. Required: {one.required} ({one.code})"))


@travel_rule.command("profiles")
def profiles() -> dict[str, Json]:
    """The jurisdictions that this program knows, their dates and their sources."""
    for one in PROFILES.values():
        mark = " (without --profile)" if one.id == DEFAULT else ""
        say(f"{one.id}{mark}: {one.title}, as of {one.as_of}")
        say(f"    threshold: {_money(one.threshold)}")
        say(f"    {one.note}")
        for source in one.sources:
            say(f"    - {source.title} ({source.where})")
    return {"profiles": [_profile_json(one) for one in PROFILES.values()], "default": DEFAULT}


def _money(threshold: Threshold | None) -> str:
    if threshold is None:
        return "none, every transfer counts"
    whole = threshold.minor_units // 10 ** MINOR_DIGITS[threshold.currency]
    return f"{threshold.currency} {whole:,}"


def _profile_json(one: Profile) -> Json:
    threshold = one.threshold
    money: Json = None
    if threshold:
        money = {"currency": threshold.currency, "minor_units": str(threshold.minor_units)}
    sources: list[Json] = [{"title": source.title, "where": source.where} for source in one.sources]
    told: dict[str, Json] = {"id": one.id, "title": one.title, "as_of": one.as_of, "note": one.note}
    return told | {"threshold": money, "sources": sources}
