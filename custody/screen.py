"""What the officers read before they sign: the judgement in plain lines.

Everything that comes from the request is shown as visible characters only, and never at the beginning of a line: no
name or purpose can rearrange the screen, or pass for a line of the signer's own.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate

from custody.amounts import format_amount
from custody.chains import chain
from custody.codec.canonical_json import Json
from custody.errors import CustodyError
from custody.judgement import Judgement
from custody.policy.decision import Decision, Reason
from custody.policy.explain import render
from custody.review import Output, Review, Role, leaving
from custody.times import rfc3339
from custody.travel_rule.ivms101 import LegalName, NaturalName, Person
from custody.travel_rule.record import TravelRuleRecord, parse_block

_LABEL = 14
_REASON = 13
_REMEDY = 5
_COLUMNS = 78
_LAST_SECOND = 253_402_300_799

# Unicode's default ignorable code points that are no control characters, and the blank of braille.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# What a reason says that may hold text of the request.
_SHOWN = ("observed", "required", "fact", "evidence")
# Marks on one letter; a pile of them reaches into other lines.
_MARKS = 2


def printable(text: str) -> str:
    """The text with everything invisible, direction-changing or piled up written as its code point."""
    return "".join(_visible(text, place) for place in range(len(text)))


def _visible(text: str, place: int) -> str:
    character, category = text[place], unicodedata.category(text[place])
    hidden = category[0] == "C" or category in ("Zl", "Zp", "Zs") or _INVISIBLE.match(character)
    piled = place >= _MARKS and all(map(_is_mark, text[place - _MARKS : place + 1]))
    if character != " " and (hidden or piled):
        return f"<U+{ord(character):04X}>"
    return character


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


def grouped(address: str) -> str:
    """An address in groups of four characters, as people compare it; ``0x`` stands apart."""
    prefix, rest = (["0x"], address[2:]) if address.startswith("0x") else ([], address)
    return " ".join([*prefix, *(rest[start : start + 4] for start in range(0, len(rest), 4))])


def lines(judgement: Judgement, heading: Iterable[str] = ()) -> Iterator[str]:
    """The whole screen, a line each, under a heading (`custody.council_screen.heading`)."""
    yield from heading
    request, review = judgement.request, judgement.review
    yield from row("Request", request.digest.hex())
    yield from row("Account", f"{printable(request.account)} on {_network(request.chain_id)}")
    yield from row("Made", f"{_time(request.created)}, expires {_time(request.expires)}")
    if request.purpose:
        yield from row("Purpose", printable(request.purpose))
    if request.maker:
        yield from row("Made by", f"{judgement.maker or 'nobody known'}, key {request.maker}")
    if judgement.approvers:
        yield from row("Approved by", ", ".join(judgement.approvers))
    if review:
        yield from _facts(review, _records(request.travel_rule), judgement)
    for sentence in judgement.paid_before:
        yield from row("PAID BEFORE", sentence)
    yield ""
    yield from _verdict(judgement.decision)


def outputs(judgement: Judgement) -> list[Json]:
    """The outputs for scripts: each with the position of the travel-rule record that covers it, or null."""
    records = _records(judgement.request.travel_rule)
    rows: list[Json] = []
    for output in judgement.review.outputs if judgement.review else ():
        covering = (place for place, record in enumerate(records) if _covers(record, output))
        rows.append(
            {
                "index": output.index,
                "address": output.address,
                "amount": str(output.amount),
                "asset": output.asset.asset_id,
                "role": str(output.role),
                "owner": output.owner or None,
                "record": next(covering, None),
            }
        )
    return rows


def _covers(record: TravelRuleRecord, output: Output) -> bool:
    return any(covered.index == output.index for covered in record.outputs)


def _facts(review: Review, records: tuple[TravelRuleRecord, ...], judgement: Judgement) -> Iterator[str]:
    if len(review.payments) > 1:
        payees = len({output.address for output in review.payments})
        yield from row("Payments", f"{len(review.payments)}, to {payees} address{'' if payees == 1 else 'es'}")
    for output in review.payments:
        yield ""
        yield from row("PAYS", format_amount(output.amount, output.asset))
        yield from row("to", grouped(output.address))
        if output.owner:
            yield from row("to our own", f"account {printable(output.owner)} ({judgement.owners[output.owner]})")
        yield from _people(output, records)
        if output.index in judgement.signed:
            yield from row("SIGNED BY", printable(judgement.signed[output.index]))
    yield ""
    for output in review.outputs:
        if output.role is Role.CHANGE:
            yield from row("Change", f"{format_amount(output.amount, output.asset)} back to this account, proved")
    feerate = chain(review.chain_id).feerate_unit.format(review.feerate)
    yield from row("Fee", f"{format_amount(review.fee, review.fee_asset)}  ({feerate})")
    yield from row("Leaves", f"{' and '.join(_leaving(review))} leaves the account in all")
    if any(spend.amount for spend in review.spends):
        yield from row("Spends", f"{len(review.spends)} coin(s), every amount proved")
    for note in review.notes:
        yield from row("Note", note)


def _people(output: Output, records: tuple[TravelRuleRecord, ...]) -> Iterator[str]:
    for record in records:
        if _covers(record, output):
            beneficiary, originator = record.ivms101.beneficiary, record.ivms101.originator
            if beneficiary:
                kept = f"at {printable(record.vasp.name)}" if record.vasp else "in an unhosted wallet"
                yield from row("beneficiary", f"{_names(beneficiary.persons)}, {kept}")
            if originator:
                yield from row("originator", _names(originator.persons))


def _names(persons: tuple[Person, ...]) -> str:
    return "; ".join(_name(person) for person in persons)


def _name(person: Person) -> str:
    names = person.either.names
    match (names.of_kind("LEGL") or names.latin)[:1]:
        case (NaturalName(primary=primary, secondary=secondary),):
            return printable(f"{secondary} {primary}" if secondary else primary)
        case (LegalName(name=name),):
            return printable(name)
    return "?"


def _records(block: bytes) -> tuple[TravelRuleRecord, ...]:
    """The records, or none where the block cannot be read; the decision then says why."""
    try:
        return parse_block(block)
    except CustodyError:
        return ()


def _verdict(decision: Decision) -> Iterator[str]:
    told = replace(decision, reasons=_printable(decision.reasons), concerns=_printable(decision.concerns))
    for line in render(told).split("\n"):
        yield from folded(line, _REMEDY if line.startswith("   - ") else _REASON)


def _printable(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(replace(reason, **{name: printable(getattr(reason, name)) for name in _SHOWN}) for reason in reasons)


def _network(chain_id: str) -> str:
    try:
        return chain(chain_id).alias
    except CustodyError:
        return printable(chain_id)


def _time(seconds: int) -> str:
    return rfc3339(seconds) if seconds <= _LAST_SECOND else "beyond the year 9999"


def _leaving(review: Review) -> Iterator[str]:
    """Payments and fee together, asset by asset."""
    assets = {output.asset.asset_id: output.asset for output in review.payments}
    assets[review.fee_asset.asset_id] = review.fee_asset
    for asset_id, amount in leaving(review).items():
        yield format_amount(amount, assets[asset_id])


def row(label: str, text: str) -> Iterator[str]:
    return folded(f"{label:<{_LABEL}}{text}", _LABEL)


def folded(line: str, indent: int) -> Iterator[str]:
    """The line in pieces that no terminal folds by itself, cut where a reader expects it, the rest indented."""
    while (cut := _cut(line, indent)) < len(line):
        yield line[:cut].rstrip()
        line = " " * indent + line[cut:].lstrip(" ")
    yield line


def _cut(line: str, indent: int) -> int:
    """How much of the line fits."""
    most = sum(columns <= _COLUMNS for columns in accumulate(map(_width, line)))
    if most == len(line):
        return most
    return next((place for place in range(most, indent + 1, -1) if _may_break(line[place - 1], line[place])), most)


def _may_break(before: str, after: str) -> bool:
    """After a space; in scripts without spaces after any letter, but never before what closes or behind what opens."""
    if unicodedata.east_asian_width(before) not in ("W", "F"):
        return before == " "
    return unicodedata.category(before) not in ("Ps", "Pi") and unicodedata.category(after) not in ("Pe", "Pf", "Po")


def _width(character: str) -> int:
    """How many columns a character takes at most: terminals disagree on all but ASCII."""
    return 1 if character.isascii() else 2


def pages(lines: Iterable[str], columns: int, rows: int) -> Iterator[list[str]]:
    """The lines in pages of so many rows; what stands together, up to an empty line, stays so where a page holds it."""
    page: list[str] = []
    left = rows
    for block in _blocks(lines):
        heights = [max(1, -(-sum(map(_width, line)) // columns)) for line in block]
        for line, height, needed in zip(block, heights, (sum(heights), *heights[1:]), strict=True):
            if page and needed > left:
                yield page
                page, left = [], rows
            page.append(line)
            left -= height
    yield page


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """The lines in groups, each but the first beginning with an empty one."""
    block: list[str] = []
    for line in lines:
        if not line and block:
            yield block
            block = []
        block.append(line)
    if block:
        yield block
