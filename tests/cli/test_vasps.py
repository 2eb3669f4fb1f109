"""Keys of counterparties, from the desk that writes them down to the device that takes them in."""

import json
from pathlib import Path

import councils
import openpgp
import pytest
import vasps
from desk import CouncilDesk, inside
from house import House
from office import Office
from openpgp import key

from custody.travel_rule.vasp_keys import VaspKeys
from custody.wire.bundle import SignedBundle

DAY = councils.DAY
HOUSE: House = councils.HOUSE
FIRST = councils.bundles()
ROSTER = HOUSE.roster_bundle(sequence=2, previous=FIRST["roster"].bundle.digest, consent=2, vasps=2)


@pytest.fixture(autouse=True)
def own_gpg(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own keys are those of the tests."""
    monkeypatch.setenv("GNUPGHOME", str(openpgp.keyring().home))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.path("vasps").write_bytes(vasps.TOML)
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CouncilDesk:
    return CouncilDesk(tmp_path_factory.mktemp("vasps"))


@pytest.fixture
def desk(made: CouncilDesk, tmp_path: Path) -> CouncilDesk:
    return CouncilDesk(tmp_path, made)


def jwk_file(office: Office, kid: str, **changes: str) -> Path:
    """The public key as a DID document has it."""
    path = office.path("jwk.json")
    path.write_text(json.dumps(vasps.private_key(kid).as_dict(private=False) | changes))
    return path


def test_a_file_says_whose_keys_it_holds(office: Office) -> None:
    words = office.run("vasps", "check", office.path("vasps")).fields["words"]
    assert words[0] == f"Counterparties address this house as {vasps.HOUSE_DID}."
    assert f"{vasps.OTHER.name}, GB, LEI {vasps.OTHER.lei}: {vasps.OTHER_DID}" in words
    assert vasps.KEYS.vasps[0].keys[0].thumbprint.hex() in "".join(words).replace(" ", "")


def test_every_fault_is_told_at_once(office: Office) -> None:
    bent = vasps.TOML.replace(b'"GB"', b'"gb"').replace(b'"EdDSA"', b'"none"')
    office.path("vasps").write_bytes(bent)
    ended = office.run("vasps", "check", office.path("vasps"))
    assert ended.exit == 4
    assert "VASPS-TEXT" in ended.stderr
    assert "VASPS-WORD" in ended.stderr


def test_two_of_compliance_sign_and_the_roster_says_how_many_are_missing(office: Office) -> None:
    office.path("roster").write_bytes(HOUSE.roster(consent=2, vasps=2))
    first = office.first("vasps")
    assert (first.exit, first.fields["kind"], first.fields["missing"]) == (0, "vasps", 1)
    second = office.sign("vasps", "vasps.bundle", "--roster", office.path("roster"), "--key", key("Kato"))
    assert (second.exit, second.fields["missing"]) == (0, 0)
    assert office.signed("vasps.bundle").bundle.body == vasps.TOML


def test_a_roster_that_closes_the_door_says_so(office: Office) -> None:
    first = office.first("vasps")
    assert (first.exit, first.fields["missing"]) == (0, None)
    assert "no signer takes in a bundle of type vasps" in first.stderr


def test_files_of_keys_are_compared_by_what_they_newly_allow(office: Office) -> None:
    one = vasps.file_toml(vasps.vasp_toml(vasps.OTHER, vasps.OTHER_DID, vasps.key_toml(vasps.ED25519)))
    office.path("one").write_bytes(one)
    more = office.run("diff", office.path("one"), office.path("vasps")).fields
    assert (more["kind"], more["loosens"]) == ("vasps", True)
    assert not office.run("diff", office.path("vasps"), office.path("one")).fields["loosens"]


@pytest.mark.parametrize("kid", [vasps.ED25519, vasps.SECP256K1])
def test_a_published_key_becomes_a_table_with_its_thumbprint(office: Office, kid: str) -> None:
    until = ("--not-after", "2027-03-31T00:00:00Z")
    ended = inside("compliance", "vasps", "key", kid, "--jwk", jwk_file(office, kid), *until)
    assert ended.exit == 0, ended.stderr
    expected = next(one for one in vasps.KEYS.vasps[0].keys if one.kid == kid)
    text = vasps.file_toml(vasps.vasp_toml(vasps.OTHER, vasps.OTHER_DID, ended.stdout))
    assert VaspKeys.parse(text).vasps[0].keys == (expected,)
    assert expected.thumbprint.hex() in ended.stderr.replace(" ", "")


@pytest.mark.parametrize("changes", [{"crv": "P-256"}, {"x": "AA"}, {"kty": "RSA"}, {"d": "AA"}, {"x": ""}])
def test_what_is_no_public_key_of_ours_is_refused(office: Office, changes: dict[str, str]) -> None:
    until = ("--not-after", "2027-03-31T00:00:00Z")
    ended = office.run("vasps", "key", vasps.ED25519, "--jwk", jwk_file(office, vasps.ED25519, **changes), *until)
    assert (ended.exit, ended.code) == (4, "VASPS-JWK")


def test_the_device_takes_keys_in_only_where_the_roster_says_how_many_sign(desk: CouncilDesk) -> None:
    keys = HOUSE.signed("vasps", vasps.TOML)
    closed = desk.install(keys, confirm="not asked for")
    assert (closed.exit, closed.code) == (5, "BUNDLE-KIND-CLOSED")
    shown = desk.run("install", desk.write("roster", ROSTER), "--show")
    rules = [change["rule"] for change in shown.fields["installed"][0]["changes"] if change["loosens"]]
    assert rules == ["signatures.vasps"]


def test_keys_wait_stand_in_the_status_and_can_be_vetoed(desk: CouncilDesk) -> None:
    assert desk.install(ROSTER).exit == 0
    keys = HOUSE.signed("vasps", vasps.TOML)
    name = {"digest": keys.bundle.digest.hex(), "sequence": 1}
    assert desk.install(keys, after=DAY).exit == 0
    status = desk.run("status", after=DAY).fields
    assert (status["vasps"], status["waiting"]) == (None, {"vasps": {**name, "seconds_left": DAY}})
    assert desk.run("status", after=2 * DAY).fields["vasps"] == name
    later = HOUSE.signed("vasps", vasps.file_toml(), after=SignedBundle(keys.content))
    assert desk.install(later, after=2 * DAY).fields["installed"][0]["status"] == "in force"


def test_one_officer_throws_out_keys_that_wait(desk: CouncilDesk) -> None:
    assert desk.install(ROSTER).exit == 0
    assert desk.install(HOUSE.signed("vasps", vasps.TOML), after=DAY).exit == 0
    assert desk.decide("veto", "vasps", "--officer", "Endo", after=DAY + 1).fields["kind"] == "vasps"
    assert desk.run("status", after=3 * DAY).fields["vasps"] is None


def test_a_home_can_begin_with_keys(desk: CouncilDesk) -> None:
    paths = [("--roster", HOUSE.roster_bundle(consent=2, vasps=2)), ("--vasps", HOUSE.signed("vasps", vasps.TOML))]
    options = [one for option, signed in paths for one in (option, desk.write(option[2:], signed))]
    folder = desk.folder / "second"
    made = inside(
        "--home", folder, "signer", "init", "--rehearsal", "--secrets", desk.secrets, "--at", "2026-01-01T00:00:00Z",
        *options, "--json",
    )  # fmt: skip
    assert made.exit == 0, made.stderr
    status = inside("--home", folder, "signer", "status", "--at", "2026-01-01T00:00:00Z", "--json").fields
    assert status["vasps"]["sequence"] == 1
