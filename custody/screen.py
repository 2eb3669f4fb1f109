"""What the officers read before they sign: the judgement in plain lines.

Everything that comes from the request is shown as printable characters only: no control, direction or width
character of a name or purpose can rearrange the screen.
"""

import unicodedata
from collections.abc import Iterator

from custody.amounts import format_amount
from custody.chains import chain
from custody.codec.canonical_json import Json
from custody.errors import CustodyError
from custody.judgement import Judgement
from custody.policy.explain import render
from custody.review import Output, Review, Role
from custody.travel_rule.ivms101 import LegalName, NaturalName, Person
from custody.travel_rule.record import TravelRuleRecord, parse_block

_WIDTH = 14


def printable(text: str) -> str:
    """The text with everything invisible or direction-changing written as its code point."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if character != " " and (category[0] == "C" or category in ("Zl", "Zp", "Zs")):
        return f"<U+{ord(character):04X}>"
    return character


def grouped(address: str) -> str:
    """An address in groups of four characters, as people compare it."""
    return " ".join(address[start : start + 4] for start in range(0, len(address), 4))


def lines(judgement: Judgement, *, rehearsal: bool) -> Iterator[str]:
    """The whole screen, a line each."""
    if rehearsal:
        yield "REHEARSAL: keys for practice, coins without value"
        yield ""
    request, review = judgement.request, judgement.review
    yield _row("Request", request.digest.hex())
    yield _row("Account", f"{printable(request.account)} on {_network(request.chain_id)}")
    if request.purpose:
        yield _row("Purpose", printable(request.purpose))
    if review:
        yield from _facts(review, _records(request.travel_rule))
    yield ""
    yield from (printable(line) for line in render(judgement.decision).splitlines())


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
                "record": next(covering, None),
            }
        )
    return rows


def _covers(record: TravelRuleRecord, output: Output) -> bool:
    return any(covered.index == output.index for covered in record.outputs)


def _facts(review: Review, records: tuple[TravelRuleRecord, ...]) -> Iterator[str]:
    for output in review.payments:
        yield ""
        yield _row("PAYS", format_amount(output.amount, output.asset))
        yield _row("to", grouped(output.address))
        yield from _people(output, records)
    yield ""
    for output in review.outputs:
        if output.role is Role.CHANGE:
            yield _row("Change", f"{format_amount(output.amount, output.asset)} back to this account, proved")
    yield _row("Fee", f"{format_amount(review.fee, review.fee_asset)}  ({_feerate(review.feerate)} sat/vB)")
    leaves = sum(output.amount for output in review.payments) + review.fee
    yield _row("Leaves", f"{format_amount(leaves, review.fee_asset)} leaves the account in all")
    yield _row("Spends", f"{len(review.spends)} coin(s), every amount proved")
    for note in review.notes:
        yield _row("Note", note)


def _people(output: Output, records: tuple[TravelRuleRecord, ...]) -> Iterator[str]:
    for record in records:
        if _covers(record, output):
            beneficiary, originator = record.ivms101.beneficiary, record.ivms101.originator
            if beneficiary:
                yield _row("beneficiary", f"{_names(beneficiary.persons)}, at {printable(record.counterparty.name)}")
            if originator:
                yield _row("originator", _names(originator.persons))


def _names(persons: tuple[Person, ...]) -> str:
    return "; ".join(_name(person) for person in persons)


def _name(person: Person) -> str:
    if person.either is None:
        return "?"
    match person.either.names.latin[:1]:
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


def _network(chain_id: str) -> str:
    try:
        return chain(chain_id).alias
    except CustodyError:
        return printable(chain_id)


def _feerate(per_1000: int) -> str:
    return f"{per_1000 // 1000}.{per_1000 % 1000:03d}"


def _row(label: str, text: str) -> str:
    return f"{label:<{_WIDTH}}{text}"
