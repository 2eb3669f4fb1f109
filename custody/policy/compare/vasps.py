"""What a new file of VASP keys newly allows (docs/spec/loosening.md): whose signature opens a destination."""

import re
from collections.abc import Iterator
from dataclasses import replace

from custody.policy.compare.change import Change, in_order, verdict
from custody.times import rfc3339
from custody.travel_rule.vasp_keys import Vasp, VaspKey, VaspKeys

_ABSENT = "not in the file"


def compare_vasps(old: VaspKeys | None, new: VaspKeys) -> tuple[Change, ...]:
    """What changes; ``old`` is None where no file is in force. VASPs are the same by their exact name."""
    return in_order(_changes(old or VaspKeys(new.did), new))


def spaced(thumbprint: bytes) -> str:
    """A thumbprint in hex as people compare it aloud, four digits at a time."""
    return " ".join(re.findall("....", thumbprint.hex()))


def _changes(old: VaspKeys, new: VaspKeys) -> Iterator[Change]:
    if old.did != new.did:
        example = f"an authorisation addressed to {new.did}: {verdict(loosens=True)}"
        yield Change(True, "did", old.did, new.did, example)
    before, after = ({vasp.name: vasp for vasp in keys.vasps} for keys in (old, new))
    for name in dict.fromkeys((*before, *after)):
        was, will = before.get(name), after.get(name)
        if was and will:
            yield from _vasp(was, will)
        else:
            yield from _keys(was, will)


def _vasp(old: Vasp, new: Vasp) -> Iterator[Change]:
    if replace(old, keys=()) != replace(new, keys=()):
        example = f"a record and an authorisation that name {_named(new)}: {verdict(loosens=True)}"
        yield Change(True, "vasp", _named(old), _named(new), example)
    yield from _keys(old, new)


def _keys(old: Vasp | None, new: Vasp | None) -> Iterator[Change]:
    before, after = ({key.kid: key for key in vasp.keys} if vasp else {} for vasp in (old, new))
    for kid in dict.fromkeys((*before, *after)):
        was, will = before.get(kid), after.get(kid)
        if was != will:
            yield _key(_described(old, was), _described(new, will), new if will else old, kid, was, will)


def _key(before: str, after: str, vasp: Vasp | None, kid: str, was: VaspKey | None, will: VaspKey | None) -> Change:
    """A key that ends earlier, or is gone, opens nothing; anything else may."""
    shorter = will is None or (was is not None and replace(will, not_after=was.not_after) == was
                               and will.not_after < was.not_after)  # fmt: skip
    name = vasp.name if vasp else ""
    which = f" after {rfc3339(will.not_after)}" if will and shorter else ""
    example = f"a payment to {name} that the key {kid} authorises{which}: {verdict(loosens=not shorter)}"
    return Change(not shorter, "vasp.keys", before, after, example)


def _described(vasp: Vasp | None, key: VaspKey | None) -> str:
    if vasp is None or key is None:
        return _ABSENT
    return f"{_named(vasp)}: {key.algorithm} {key.kid}, {spaced(key.thumbprint)}, until {rfc3339(key.not_after)}"


def _named(vasp: Vasp) -> str:
    return f"{vasp.name}, {vasp.jurisdiction}, {vasp.did}{f', LEI {vasp.lei}' if vasp.lei else ''}"
