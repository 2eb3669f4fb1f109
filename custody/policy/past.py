"""What was authorised before, as far as later judgements need it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import InputError

MAX_HISTORY_BYTES = 8 * 1_048_576


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier authorisation, as the log keeps it.

    Attributes:
        request: its digest, hex.
        elapsed: the device's count of seconds when it was given; only its distance to `Case.elapsed` means anything.
        spends: references, as in `custody.review.Spend`.
        payments: address, base units and CAIP-19 asset id of each.
        charges: what left, payments and fee, by CAIP-19 asset id.
        owners: for each of the payments, the own account that it went to, as the policy then named it; or nothing.
        records: for each of the payments, who was paid by whom (`custody.travel_rule.identity`); or nothing.
        authorizations: ids of the counterparties' messages that it relied on, each of which serves once.
    """

    request: str
    elapsed: int
    spends: tuple[str, ...]
    payments: tuple[tuple[str, int, str], ...]
    charges: Mapping[str, int]
    owners: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    authorizations: tuple[str, ...] = ()

    def as_json(self) -> list[Json]:
        """One row of a serialized history."""
        return [
            self.request,
            self.elapsed,
            list(self.spends),
            [[address, str(amount), asset] for address, amount, asset in self.payments],
            {asset: str(amount) for asset, amount in self.charges.items()},
            list(self.owners),
            list(self.records),
            list(self.authorizations),
        ]


def serialize_history(history: Iterable[Past]) -> bytes:
    """The history in canonical JSON, for the pipe to the key process.

    Raises:
        InputError: HISTORY-SIZE.
    """
    text = canonical_json.dumps([past.as_json() for past in history])
    if len(text) > MAX_HISTORY_BYTES:
        raise InputError(
            "HISTORY-SIZE",
            f"What was authorised before fills more than {MAX_HISTORY_BYTES:,} bytes.",
            "A policy that looks back over fewer days (forget_days, repeat_days) needs less of it.",
        )
    return text


def parse_history(text: bytes) -> tuple[Past, ...]:
    """The history that `serialize_history` wrote.

    Raises:
        InputError: HISTORY-FORM, or a code of the JSON reader.
    """
    rows = canonical_json.loads(text, limit=MAX_HISTORY_BYTES)
    try:
        history = tuple(map(_past, cast(list[list[Json]], rows)))
        if serialize_history(history) == text:
            return history
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise InputError("HISTORY-FORM", "This is no history of authorisations.")


def _past(row: list[Json]) -> Past:
    request, elapsed, spends, payments, charges, *others = row
    owners, records, authorizations = (tuple(map(str, cast(list[Json], texts))) for texts in others)
    return Past(
        request=str(request),
        elapsed=int(cast(int, elapsed)),
        spends=tuple(map(str, cast(list[Json], spends))),
        payments=tuple(
            (str(one), int(str(amount)), str(asset)) for one, amount, asset in cast(list[list[Json]], payments)
        ),
        charges={asset: int(str(amount)) for asset, amount in cast(dict[str, Json], charges).items()},
        owners=owners,
        records=records,
        authorizations=authorizations,
    )
