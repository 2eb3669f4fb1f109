"""A large list comes on a stick: written online, taken in at the device, installed by a bundle that names it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import ceremonies
import councils
import examples
import lists
import pytest
from desk import CouncilDesk, Ended, at, inside, program
from house import House
from terminal import at_the_terminal

from custody.screening.flagged import MAX_LIST_BYTES
from custody.screening.large import Reference
from custody.vault import mnemonic

HOUSE: House = councils.HOUSE
FIRST = councils.bundles()
LARGE = lists.built([*(f"0x{number:040x}" for number in range(15_000)), examples.FLAGGED, ceremonies.PAYEE])
DIGEST = hashlib.sha256(LARGE)
NAMING = HOUSE.signed("list", Reference(len(LARGE), DIGEST.digest()).serialize(), after=FIRST["list"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CouncilDesk:
    return CouncilDesk(tmp_path_factory.mktemp("council"))


@pytest.fixture
def desk(made: CouncilDesk, tmp_path: Path) -> Iterator[CouncilDesk]:
    """A fresh home; whatever was done to it, its log holds."""
    desk = CouncilDesk(tmp_path, made)
    yield desk
    verified = inside("audit", "verify", "--log", desk.signer, "--json")
    assert (verified.exit, verified.fields["first_bad"]) == (0, None)


def stick(desk: CouncilDesk, octets: bytes = LARGE, name: str = "large.list") -> Path:
    """What `blocks write` makes of a file."""
    (desk.folder / name).write_bytes(octets)
    out = desk.folder / f"{name}.stick"
    written = inside("coordinator", "blocks", "write", desk.folder / name, "--out", out, "--force", "--json")
    assert written.exit == 0, written.stderr
    assert written.fields["sha256"] == hashlib.sha256(octets).hexdigest()
    assert written.fields["words"] == mnemonic.of_digest(octets)
    return out


def take_in(desk: CouncilDesk, octets: bytes = LARGE, *, place: Path | None = None) -> Ended:
    known = ("--sha256", hashlib.sha256(octets).hexdigest())
    return desk.run("take-in", place or stick(desk, octets), *known)


def held(desk: CouncilDesk) -> list[str]:
    folder = desk.signer / "lists"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_large_list_comes_by_stick_and_its_bundle_by_another_way_and_a_payment_is_refused(desk: CouncilDesk) -> None:
    assert len(LARGE) > MAX_LIST_BYTES
    taken = take_in(desk)
    assert taken.exit == 0, taken.stderr
    assert (taken.fields["kind"], taken.fields["bytes"]) == ("list", len(LARGE))
    assert desk.last() == {"bytes": len(LARGE), "digest": DIGEST.hexdigest(), "kind": "list"}
    before = desk.run("review", desk.ask())
    assert before.exit == 0
    assert desk.install(NAMING).fields["installed"][0]["status"] == "in force"
    assert desk.status["list"] == {"digest": NAMING.bundle.digest.hex(), "sequence": 2}
    review = desk.run("review", desk.ask())
    assert review.exit == 3
    assert "DESTINATION-FLAGGED" in {reason["code"] for reason in review.fields["reasons"]}
    assert desk.kinds() == ["taken-in", "installed"]


def test_the_bundle_comes_by_a_stick_too(desk: CouncilDesk) -> None:
    assert desk.run("install", "inbox:", "--show").code == "INBOX-EMPTY"
    take_in(desk)
    message = NAMING.serialize()
    assert take_in(desk, message, place=stick(desk, message, "list.bundle")).exit == 0
    assert held(desk) == [DIGEST.hexdigest()]
    installed = desk.decide("install", "inbox:")
    assert installed.fields["installed"][0]["digest"] == NAMING.bundle.digest.hex()
    assert desk.kinds() == ["taken-in", "taken-in", "installed"]


def test_without_the_list_the_bundle_is_refused_and_can_be_installed_later(desk: CouncilDesk) -> None:
    bundle = desk.write("given", NAMING)
    assert desk.run("install", bundle, "--show").code == "LIST-ABSENT"
    take_in(desk)
    assert desk.decide("install", bundle).exit == 0


def test_what_was_taken_in_decides_nothing(desk: CouncilDesk) -> None:
    take_in(desk)
    assert desk.status["list"] == {"digest": FIRST["list"].bundle.digest.hex(), "sequence": 1}
    assert desk.sign(desk.ask()).fields["status"] == "signed"


@pytest.mark.parametrize("known", ["", "00" * 32, DIGEST.hexdigest()[:-1], DIGEST.hexdigest()[-4:]])
def test_another_hash_than_the_one_known_keeps_nothing(desk: CouncilDesk, known: str) -> None:
    ended = desk.run("take-in", stick(desk), "--sha256", known)
    assert (ended.exit, ended.code) == (6, "TAKE-IN-UNCONFIRMED")
    assert (held(desk), desk.kinds()) == ([], [])


def test_without_a_person_nothing_is_kept(desk: CouncilDesk) -> None:
    ended = desk.run("take-in", stick(desk), run=program)
    assert (ended.exit, held(desk)) == (6, [])


def test_a_person_compares_the_hash_and_types_its_end(desk: CouncilDesk) -> None:
    place = stick(desk)
    command = ("--home", desk.signer, "signer", "take-in", place, *at(0))
    for typed, code in (("0000", 6), (DIGEST.hexdigest()[-4:].upper(), 0)):
        with at_the_terminal(*command) as person:
            person.wait_for(r"a list of [0-9,]+ bytes")
            for word in mnemonic.of_digest(LARGE).split():
                person.wait_for(word)
            person.answer("last 4 digits", typed)
            assert person.end() == code
    assert held(desk) == [DIGEST.hexdigest()]


def test_a_stick_with_another_message_than_it_says_leaves_nothing(desk: CouncilDesk) -> None:
    place = stick(desk)
    octets = place.read_bytes()
    for bent in (octets[:5_000] + b"\xff" + octets[5_001:], octets[:-8_192], bytes(8_192), b"", octets[4_096:]):
        place.write_bytes(bent)
        ended = take_in(desk, place=place)
        assert ended.exit == 4
        assert ended.code.startswith("BLOCKS-")
    assert (held(desk), desk.kinds()) == ([], [])


def test_what_is_no_list_and_no_bundle_is_neither_written_nor_taken_in(desk: CouncilDesk) -> None:
    from custody.wire.blocks import Header

    for octets in (b"custody-list/1\nxx", b"\xa3junk", b"# a plain list\n", b"", b"custody-list/2\n"):
        (desk.folder / "odd").write_bytes(octets)
        written = inside("coordinator", "blocks", "write", desk.folder / "odd", "--out", desk.folder / "x", "--json")
        assert written.exit == 4
        for kind in ("list", "bundle"):
            header = Header.of(kind, octets)  # type: ignore[arg-type]
            (desk.folder / "x").write_bytes(header.serialize() + octets + bytes(header.padding))
            assert desk.run("take-in", desk.folder / "x", "--sha256", header.digest.hex()).exit == 4
        (desk.folder / "x").unlink()
    assert not (desk.signer / "inbox/taken.bundle").exists()
    assert (held(desk), desk.kinds()) == ([], [])


def test_a_stick_cannot_fill_the_disk_and_never_takes_the_place_of_a_list_that_counts(desk: CouncilDesk) -> None:
    take_in(desk)
    assert desk.install(NAMING).exit == 0
    for number in range(3):
        octets = lists.built([f"0x{number:040x}"])
        take_in(desk, octets, place=stick(desk, octets))
        assert held(desk) == sorted([DIGEST.hexdigest(), hashlib.sha256(octets).hexdigest()])
    again = take_in(desk)
    assert (again.exit, again.code) == (2, "TAKE-IN-KNOWN")
    assert desk.run("review", desk.ask()).exit == 3


def test_a_list_that_waits_counts(desk: CouncilDesk) -> None:
    nobody, digest = lists.built([]), lists.digest(lists.built([]))
    take_in(desk, nobody, place=stick(desk, nobody))
    waiting = HOUSE.signed("list", Reference(len(nobody), digest).serialize(), after=FIRST["list"])
    assert desk.install(waiting).fields["installed"][0]["status"] == "waiting"
    take_in(desk)
    assert held(desk) == sorted([digest.hex(), DIGEST.hexdigest()])
    assert desk.run("status", after=councils.DAY).fields["list"]["sequence"] == 2


def test_the_answer_is_one_json_object_and_the_screen_is_stderr(desk: CouncilDesk) -> None:
    taken = take_in(desk)
    assert json.loads(taken.stdout)["entry"] == {"index": 5}
    assert "decides nothing yet" in taken.stderr


def test_what_judges_nothing_leaves_a_large_list_unread_and_what_judges_hashes_it(desk: CouncilDesk) -> None:
    take_in(desk)
    assert desk.install(NAMING).exit == 0
    (desk.signer / "lists" / DIGEST.hexdigest()).write_bytes(LARGE[:-1] + b" ")
    for command in (("status",), ("account", "list"), ("export", "--since", 0, "--out", desk.folder / "x.increment")):
        assert desk.run(*command).exit == 0
    for command in (("review", desk.ask()), ("freeze", "--show")):
        assert desk.run(*command).code == "HOME-EDITED"
