"""`custody compliance … sign`: a bundle of a file, and signatures of compliance officers on it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from custody.cli import for_people
from custody.cli.compliance.checking import describe, file_path, header_json, read_or_name, read_rules
from custody.codec.canonical_json import Json
from custody.coordinator.bundles import (
    DAYS,
    MAX_DAYS,
    Header,
    RulesFile,
    Signer,
    make_bundle,
    read_bundle,
    signers,
    with_signature,
)
from custody.coordinator.signing import hand
from custody.edge.clock import parse_time, unix_time
from custody.edge.gpg import JailedGpg
from custody.edge.inputs import read_input
from custody.edge.outputs import check_output, write_output
from custody.edge.terminal import agree_to_sign, say
from custody.errors import EvidenceError, UsageError
from custody.evm.tokens import TokenRegistry
from custody.officers.given import MAX_GIVEN
from custody.officers.roster import Roster
from custody.screen import printable
from custody.wire.bundle import MAX_BYTES, MAX_SEQUENCE, Bundle, Kind, SignedBundle

_FIRST = "none"


def _options(command: Any) -> Any:
    """What a person may say about a bundle and a signature."""
    for option in reversed(
        (
            click.option("--house", metavar="NAME", help="Whose it is, as the roster names the house."),
            click.option("--previous", metavar="F.bundle|none", help="The bundle that this one follows."),
            click.option("--sequence", type=click.IntRange(1, MAX_SEQUENCE), help="Otherwise that of the last, and 1."),
            click.option("--not-before", metavar="TIME", help="Valid from, like 2026-11-23T09:30:00Z; now by default."),
            click.option("--days", type=click.IntRange(1, MAX_DAYS), help=f"Valid for so long; {DAYS} by default."),
            click.option("--roster", "roster_file", type=file_path, help="The roster in force: who counts."),
            click.option("--key", metavar="FPR", help="Sign with this key of your own gpg."),
            click.option("--signature", "signature_file", type=file_path, help="Or add what gpg --detach-sign made."),
            click.option("--by", metavar="FPR", help="Whose signature that is."),
            click.option("--unsigned", is_flag=True, help="Make the bundle without a signature."),
            click.option("--content", "content_file", type=file_path, help="Write the exact bytes to sign here."),
            click.option("-o", "out", type=file_path, help="Where the bundle goes; a bundle stays where it is."),
            click.option("--force", is_flag=True, help="Replace what is there."),
        )
    ):
        command = option(command)
    return command


def sign_command(kind: Kind) -> click.Command:
    """`sign` for one kind of file."""

    @click.command("sign", help=f"Makes a bundle of a bare {kind}, or adds a signature to one that is made.")
    @click.argument("file", type=file_path, metavar="F")
    @_options
    def sign(file: Path, **given: Any) -> dict[str, Json]:
        return _sign(kind, file, **given)

    return sign


def _sign(
    kind: Kind,
    file: Path,
    *,
    unsigned: bool,
    roster_file: Path | None,
    content_file: Path | None,
    out: Path | None,
    force: bool,
    key: str | None,
    signature_file: Path | None,
    by: str | None,
    **header: Any,
) -> dict[str, Json]:
    signs = key is not None or signature_file is not None
    ways = [key, signature_file, unsigned or None, None if signs or unsigned else content_file]
    if sum(one is not None for one in ways) != 1:
        raise UsageError("SIGNING-OPTIONS", "Give one of --key, --signature and --unsigned, or --content alone.")
    rules = read_or_name(file, kind)
    place = _place(rules, file, out, writes=unsigned or signs)
    for new in (out, content_file):
        if new:
            check_output(new, force=force)
    roster = Roster.parse(read_rules(roster_file, "roster").body) if roster_file else None
    signed = _bundle(rules, _header(**header), roster)
    describe(replace(RulesFile.read(signed.content, kind), lists=rules.lists), TokenRegistry())
    if signs:
        agree_to_sign(asked=key is not None and for_people())
        signed = _signed(signed, key, signature_file, by)
    found = _judged(signed, roster)
    if signs and found[-1].fault:
        raise EvidenceError("SIGNER-NOT-COUNTED", f"{found[-1].told}.", "It would make every signer refuse the bundle.")
    if content_file:
        write_output(content_file, signed.content)
        say(f"The exact bytes to sign are at {content_file}: gpg --detach-sign {content_file}")
    if place:
        write_output(place, signed.serialize())
    return _told(signed, roster, found, place)


def _place(rules: RulesFile, file: Path, out: Path | None, *, writes: bool) -> Path | None:
    """Where the bundle goes; one that is made stays in its file. Raises UsageError SIGNING-OPTIONS."""
    if out is None and writes and not rules.message:
        raise UsageError("SIGNING-OPTIONS", "Nothing says where the bundle goes.", "-o F.bundle")
    return out or (file if writes else None)


def _signed(signed: SignedBundle, key: str | None, signature_file: Path | None, by: str | None) -> SignedBundle:
    """With the person's signature, which is then the last."""
    signature = read_input(signature_file, MAX_GIVEN) if signature_file else None
    made = hand(key, signature, by, by_needed=False).sign(signed.content, unix_time())
    if made.unchecked:
        say(printable(f"The signature was not verified with your gpg: {made.unchecked}"))
    return with_signature(signed, made)


def _judged(signed: SignedBundle, roster: Roster | None) -> list[Signer]:
    with JailedGpg() as verifier:
        return [*signers(signed, roster, verifier, unix_time())]


def _header(
    *, house: str | None, previous: str | None, sequence: int | None, not_before: str | None, days: int | None
) -> Header:
    last = _previous(previous) if previous and previous != _FIRST else None
    begins = parse_time(not_before) if not_before else None
    return Header(house, sequence, last, previous == _FIRST, begins, days)


def _previous(place: str) -> Bundle:
    signed = read_bundle(read_input(Path(place), MAX_BYTES))
    if signed is None:
        raise UsageError("BUNDLE-OPTIONS", "The previous file is no bundle.", "The first one: --previous none")
    return signed.bundle


def _bundle(rules: RulesFile, header: Header, roster: Roster | None) -> SignedBundle:
    if rules.signed is None:
        return SignedBundle(make_bundle(rules.kind, rules.body, header, unix_time(), roster).content)
    if not header.empty:
        hint = "Make a new bundle of the bare file instead."
        raise UsageError("BUNDLE-OPTIONS", "The header of this bundle is made, and others may have signed it.", hint)
    return rules.signed


def _told(signed: SignedBundle, roster: Roster | None, found: Sequence[Signer], place: Path | None) -> dict[str, Json]:
    bundle = signed.bundle
    say(f"\nSHA-256 {bundle.digest.hex()}")
    for one in found:
        say(f"Signed by {printable(one.told)}")
    missing = _missing(bundle, roster, found)
    if missing is not None:
        say(f"Missing: {missing} signature(s) of compliance." if missing else "Enough of compliance have signed it.")
    if place:
        say(f"Stored at {place}. Show it to the signer: custody coordinator show {place} --out screen")
    return {
        "kind": bundle.kind,
        "digest": bundle.digest.hex(),
        "bundle": header_json(signed),
        "signers": [_signer_json(one) for one in found],
        "missing": missing,
    }


def _missing(bundle: Bundle, roster: Roster | None, found: Iterable[Signer]) -> int | None:
    """How many signatures are still needed; None where no roster says so."""
    if roster is None:
        return None
    if bundle.kind not in roster.signatures:
        say(f"By this roster no signer takes in a bundle of type {bundle.kind}.")
        return None
    return max(0, roster.signatures[bundle.kind] - sum(one.fault == "" for one in found))


def _signer_json(one: Signer) -> dict[str, Json]:
    return {
        "key": one.key,
        "name": one.person.name if one.person else None,
        "counts": None if one.fault is None else not one.fault,
    }
