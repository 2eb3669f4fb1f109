"""What a new file of VASP keys newly allows: every key that can name a destination, and no other."""

import pytest
import vasps
from vasps import file_toml, key_toml, vasp_toml

from custody.evm.tokens import TokenRegistry
from custody.governance import install
from custody.policy.compare import vasps as module
from custody.policy.compare.change import Change
from custody.policy.compare.vasps import compare_vasps
from custody.travel_rule.record import Counterparty
from custody.travel_rule.vasp_keys import VaspKeys


def file(*vasps_toml: str, did: str = vasps.HOUSE_DID) -> VaspKeys:
    return VaspKeys.parse(file_toml(*vasps_toml, did=did))


def other(*keys: str, counterparty: Counterparty = vasps.OTHER) -> str:
    return vasp_toml(counterparty, vasps.OTHER_DID, *(keys or (key_toml(vasps.ED25519),)))


BASE = file(other())
LATER, EARLIER = "2027-04-01T00:00:00Z", "2027-03-30T00:00:00Z"


def told(old: VaspKeys | None, new: VaspKeys) -> list[tuple[bool, str]]:
    return [(change.loosens, change.rule) for change in compare_vasps(old, new)]


def test_the_same_file_changes_nothing() -> None:
    assert compare_vasps(vasps.KEYS, VaspKeys.parse(b"# another comment\n" + vasps.TOML)) == ()


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        (None, BASE, [(True, "vasp.keys")]),
        (None, file(), []),
        (file(), BASE, [(True, "vasp.keys")]),
        (BASE, file(), [(False, "vasp.keys")]),
        (BASE, file(other(key_toml(vasps.ED25519), key_toml(vasps.SECP256K1))), [(True, "vasp.keys")]),
        (file(other(key_toml(vasps.ED25519), key_toml(vasps.SECP256K1))), BASE, [(False, "vasp.keys")]),
        (BASE, file(other(key_toml(vasps.ED25519, LATER))), [(True, "vasp.keys")]),
        (BASE, file(other(key_toml(vasps.ED25519, EARLIER))), [(False, "vasp.keys")]),
        (BASE, file(other(), did="did:web:new.example"), [(True, "did")]),
        (BASE, file(other(counterparty=Counterparty(vasps.OTHER.name, "JP", vasps.OTHER.lei))), [(True, "vasp")]),
        (BASE, file(other(counterparty=Counterparty(vasps.OTHER.name, "GB"))), [(True, "vasp")]),
        (
            BASE,
            file(vasp_toml(vasps.OTHER, vasps.THIRD_DID, key_toml(vasps.THIRD_KEY))),
            [(True, "vasp"), (True, "vasp.keys"), (False, "vasp.keys")],
        ),
        (
            BASE,
            file(other(counterparty=Counterparty("Other Exchange Plc", "GB"))),
            [(True, "vasp.keys"), (False, "vasp.keys")],
        ),
    ],
)
def test_what_loosens_and_what_tightens(old: VaspKeys | None, new: VaspKeys, rules: list[tuple[bool, str]]) -> None:
    assert told(old, new) == rules


def test_another_key_under_the_same_name_loosens_though_it_ends_earlier() -> None:
    swapped = key_toml(vasps.ED25519, EARLIER).replace(
        vasps.public_text(vasps.ED25519), vasps.public_text(vasps.THIRD_KEY)
    )
    assert told(BASE, file(other(swapped))) == [(True, "vasp.keys")]


def test_officers_read_the_thumbprint_the_end_and_an_example() -> None:
    (change,) = compare_vasps(None, BASE)
    thumbprint = BASE.vasps[0].keys[0].thumbprint.hex()
    assert change.before == "not in the file"
    assert thumbprint in change.after.replace(" ", "")
    assert "until 2027-03-31T00:00:00Z" in change.after
    assert change.example == (
        f"a payment to {vasps.OTHER.name} that the key {vasps.ED25519} authorises: refused before, allowed now"
    )


def test_officers_read_by_what_name_this_house_is_addressed() -> None:
    assert compare_vasps(BASE, file(other(), did="did:web:new.example")) == (
        Change(
            loosens=True,
            rule="did",
            before=vasps.HOUSE_DID,
            after="did:web:new.example",
            example="an authorisation addressed to did:web:new.example: refused before, allowed now",
        ),
    )


def test_officers_read_what_a_vasp_is_called() -> None:
    before = f"{vasps.OTHER.name}, GB, {vasps.OTHER_DID}, LEI {vasps.OTHER.lei}"
    after = f"{vasps.OTHER.name}, GB, {vasps.OTHER_DID}"
    assert compare_vasps(BASE, file(other(counterparty=Counterparty(vasps.OTHER.name, "GB")))) == (
        Change(
            loosens=True,
            rule="vasp",
            before=before,
            after=after,
            example=f"a record and an authorisation that name {after}: refused before, allowed now",
        ),
    )


def test_a_key_that_ends_earlier_is_told_with_its_new_end() -> None:
    (change,) = compare_vasps(BASE, file(other(key_toml(vasps.ED25519, EARLIER))))
    assert change.example.endswith(f"authorises after {EARLIER}: allowed before, refused now")


def test_a_key_that_ends_later_is_told_without_an_end() -> None:
    (change,) = compare_vasps(BASE, file(other(key_toml(vasps.ED25519, LATER))))
    assert change.example.endswith(f"the key {vasps.ED25519} authorises: refused before, allowed now")


def test_the_device_and_compliance_compare_by_this() -> None:
    found = install.compare("vasps", None, vasps.TOML, TokenRegistry())
    assert found == compare_vasps(None, vasps.KEYS)
    assert len(found) == 3


def test_a_comparison_that_says_nothing_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_changes", lambda *_: iter(()))
    assert told(None, BASE) == []
