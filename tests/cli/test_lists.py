"""`custody compliance list build`, `lookup` and `check`: from the sources to an answer about an address."""

import subprocess
from pathlib import Path

import examples
import lists
import openpgp
import pytest
import rosters
from bip_utils import Base58Encoder
from desk import PROGRAM, Ended
from office import Office

from custody.screening.flagged import MAX_LIST_BYTES, FlaggedList
from custody.screening.large import Reference
from custody.wire.bundle import SignedBundle

P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
TRON = "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"
RONIN_THIEF = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
OTHER = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"


@pytest.fixture(autouse=True)
def own_gpg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GNUPGHOME", str(openpgp.keyring().home))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def build(office: Office, *options: object) -> Ended:
    office.path("sdn.xml").write_bytes(lists.sdn_xml([("XBT", P2PKH), ("ETH", RONIN_THIEF)]))
    office.path("desk.txt").write_text(f"# our own\n{TRON}\n{P2PKH}\n")
    office.path("fbi.csv").write_text(f"address,source,entry,date\n{RONIN_THIEF.lower()},FBI,PSA,2022-04-18\n")
    sources = ("--ofac-xml", "sdn.xml", "--plain", "desk.txt", "--csv", "fbi.csv")
    return office.run("list", "build", *sources, "-o", "new.list", *options)


def lookup(office: Office, *addresses: object, file: str = "new.list") -> Ended:
    return office.run("list", "lookup", *addresses, "--list", file)


def test_a_list_is_built_of_all_kinds_of_sources_and_says_what_it_holds(office: Office) -> None:
    ended = build(office, "--date", "2026-11-23")
    assert ended.exit == 0, ended.stderr
    assert (ended.fields["entries"], ended.fields["duplicates"]) == (3, 2)
    names = [(one["name"], one["date"], one["count"]) for one in ended.fields["sources"]]
    assert names == [("OFAC SDN", "2024-09-27", 2), ("desk.txt", "2026-11-23", 1), ("FBI", "2026-11-23", 0)]
    assert {"network": "Tron", "kind": "EVM address", "count": 1} in ended.fields["kinds"]
    assert "3 addresses; 2 more were given again and left out." in ended.stderr
    octets = office.path("new.list").read_bytes()
    assert (lists.digest(octets).hex(), len(octets)) == (ended.fields["digest"], ended.fields["bytes"])
    checked = office.run("list", "check", "new.list")
    assert checked.fields["digest"] == ended.fields["digest"]
    assert "Flagged addresses: 3." in checked.fields["words"]
    assert build(office, "--date", "2026-11-23", "--force").fields["digest"] == ended.fields["digest"]


def test_an_answer_names_entry_source_date_and_how(office: Office) -> None:
    build(office)
    ended = lookup(office, P2WPKH, RONIN_THIEF.lower(), OTHER)
    assert ended.exit == 0, ended.stderr
    sibling, thief, clean = ended.fields["results"]
    assert sibling == {
        "address": P2WPKH,
        "flagged": True,
        "entry": P2PKH,
        "number": 1,
        "how": "another address of the same key or script",
        "source": "OFAC SDN, 1",
        "date": "2022-04-14",
        "label": "SDN 20000, XBT",
    }
    assert (thief["entry"], thief["how"]) == (RONIN_THIEF, "the same address")
    assert (clean["flagged"], clean["entry"]) == (False, None)
    assert f"FLAGGED      {P2WPKH}: entry 1, {P2PKH}; another address" in ended.stderr
    assert f"not flagged  {OTHER}" in ended.stderr


def test_tron_and_evm_find_each_other_in_built_and_plain_lists(office: Office) -> None:
    build(office)
    office.path("evm.txt").write_text(f"{RONIN_THIEF}\n")
    tron = Base58Encoder.CheckEncode(b"\x41" + bytes.fromhex(RONIN_THIEF[2:]))
    for file in ("new.list", "evm.txt"):
        (answer,) = lookup(office, tron, file=file).fields["results"]
        assert (answer["entry"], answer["how"]) == (RONIN_THIEF, "another address of the same key or script")


def test_what_cannot_be_decoded_is_never_not_flagged_and_fails_the_whole(office: Office) -> None:
    build(office)
    ended = lookup(office, RONIN_THIEF, "nonsense", RONIN_THIEF.replace("B", "b"), OTHER)
    assert (ended.exit, ended.fields["error"]["code"]) == (4, "LOOKUP-ADDRESS")
    flags = [(one["flagged"], one.get("error", {}).get("code")) for one in ended.fields["results"]]
    assert flags == [(True, None), (None, "ADDRESS-SYNTAX"), (None, "ADDRESS-CHECKSUM"), (False, None)]
    assert "CANNOT SAY   nonsense" in ended.stderr
    assert "not flagged  nonsense" not in ended.stderr


def test_a_text_that_no_network_explains_is_told_and_found_as_it_is(office: Office) -> None:
    office.path("xmr.txt").write_text(f"{P2PKH}\n{lists.NO_ADDRESS}\n")
    taken = office.run("list", "build", "--plain", "xmr.txt", "-o", "x.list")
    assert taken.exit == 0, taken.stderr
    assert taken.fields["unexplained"] == [f"xmr.txt, 2: {lists.NO_ADDRESS}"]
    assert f"WARNING: xmr.txt, 2: {lists.NO_ADDRESS} is no address" in taken.stderr
    (answer,) = lookup(office, lists.NO_ADDRESS, file="x.list").fields["results"]
    assert (answer["flagged"], answer["entry"]) == (True, f"={lists.NO_ADDRESS}")
    assert lookup(office, lists.NO_ADDRESS.replace("5", "6"), file="x.list").exit == 4


def test_a_strict_build_ends_at_it(office: Office) -> None:
    office.path("xmr.txt").write_text(f"{lists.NO_ADDRESS}\n")
    refused = office.run("list", "build", "--plain", "xmr.txt", "-o", "x.list", "--strict")
    assert (refused.exit, refused.fields["error"]["code"]) == (4, "LIST-ADDRESS")
    assert lists.NO_ADDRESS in refused.fields["error"]["message"]
    assert not office.path("x.list").exists()


def test_a_file_of_something_else_is_no_list(office: Office) -> None:
    office.path("words.txt").write_text("".join(f"word{number}\n" for number in range(101)))
    refused = office.run("list", "build", "--plain", "words.txt", "-o", "x.list")
    assert (refused.exit, refused.fields["error"]["code"]) == (4, "LIST-ADDRESS")
    assert not office.path("x.list").exists()
    office.path("words.txt").write_text("".join(f"word{number}\n" for number in range(100)))
    assert office.run("list", "build", "--plain", "words.txt", "-o", "x.list").exit == 0


def test_addresses_come_from_a_file_too(office: Office) -> None:
    build(office)
    office.path("asked.txt").write_text(f"# Monday\n{OTHER}\n{TRON} # hot wallet\n\n")
    ended = lookup(office, P2PKH, "--addresses", "asked.txt")
    assert [one["flagged"] for one in ended.fields["results"]] == [True, False, True]


def test_a_file_of_addresses_is_read_line_by_line(office: Office) -> None:
    build(office)
    office.path("long.txt").write_bytes(bytes(5_000))
    ended = lookup(office, "--addresses", "long.txt")
    assert (ended.exit, ended.code) == (4, "SOURCE-SYNTAX")
    office.path("many.txt").write_bytes(b"##\n" * 5_000_000 + P2PKH.encode())
    arguments = [PROGRAM, "compliance", "list", "lookup", "--addresses", "many.txt", "--list", "new.list"]
    bounded = ["bash", "-c", 'ulimit -v 250000; exec "$@"', "bash", *map(str, arguments)]
    ended_there = subprocess.run(bounded, cwd=office.folder, capture_output=True, text=True, check=False)
    assert ended_there.returncode == 0, ended_there.stderr
    assert "FLAGGED" in ended_there.stderr


@pytest.mark.parametrize("command", [("build", "-o", "n.list"), ("lookup", "--list", "new.list")])
def test_nothing_to_do_is_told(office: Office, command: tuple[str, ...]) -> None:
    build(office)
    ended = office.run("list", *command)
    assert (ended.exit, ended.fields["error"]["code"]) == (2, "LIST-NOTHING")


def test_plain_lists_and_bundles_of_either_are_asked_in_the_same_way(office: Office) -> None:
    build(office)
    for name, body in (("plain", examples.EVM_FLAGGED_LIST), ("built", office.path("new.list").read_bytes())):
        bundle = rosters.bundle("list", body)
        office.path(f"{name}.bundle").write_bytes(SignedBundle(bundle.content).serialize())
        ended = lookup(office, RONIN_THIEF, OTHER, file=f"{name}.bundle")
        assert [one["flagged"] for one in ended.fields["results"]] == [True, False]
        assert ended.fields["list"] == bundle.digest.hex()
        assert office.run("list", "check", f"{name}.bundle").exit == 0


def test_a_built_list_is_signed_and_compared_as_any_other(office: Office) -> None:
    build(office)
    office.path("list").write_bytes(office.path("new.list").read_bytes())
    assert office.first("list").exit == 0
    office.path("smaller.txt").write_text(f"{P2WPKH}\n{TRON}\n")
    ended = office.run("diff", "new.list", "smaller.txt", "--type", "list")
    assert ended.fields["loosens"]
    (change,) = [one for one in ended.fields["changes"] if one["loosens"]]
    assert change["before"] == f"entry 2: {RONIN_THIEF}"


def test_a_damaged_list_is_refused_wherever_it_is_taken_in(office: Office) -> None:
    build(office)
    octets = office.path("new.list").read_bytes()
    start = octets.index(b"\n", 20) + 1
    second = octets[start + 25 : start + 50]
    office.path("bad.list").write_bytes(octets[:start] + second * 2 + octets[start + 50 :])
    asked = ("list", "lookup", OTHER, "--list", "bad.list")
    compared = [("diff", *files, "--type", "list") for files in (("new.list", "bad.list"), ("bad.list", "new.list"))]
    for command in (asked, ("list", "check", "bad.list"), *compared):
        ended = office.run(*command)
        assert (ended.exit, ended.fields["error"]["code"]) == (4, "LIST-FORM")
    bundle = ("--previous", "none", "--house", "example", "--unsigned", "-o", "x.bundle")
    assert office.sign("list", "bad.list", *bundle).fields["error"]["code"] == "LIST-FORM"
    assert office.sign("list", "new.list", *bundle).exit == 0


def test_an_empty_file_and_one_that_is_not_there_are_no_lists(office: Office) -> None:
    office.path("empty.list").write_bytes(b"")
    for name, code in (("empty.list", "LIST-EMPTY"), ("none.list", "FILE-MISSING")):
        assert lookup(office, OTHER, file=name).fields["error"]["code"] == code
        assert office.run("list", "check", name).fields["error"]["code"] == code


def test_an_empty_list_is_only_built_where_a_file_says_that_it_is_empty(office: Office) -> None:
    office.path("none.txt").write_text("# none\n")
    office.path("blank.txt").write_text("\n")
    assert office.run("list", "build", "--plain", "blank.txt", "-o", "a.list").fields["error"]["code"] == "LIST-EMPTY"
    assert office.run("list", "build", "--plain", "none.txt", "-o", "a.list").fields["entries"] == 0


def test_what_is_there_is_replaced_only_on_request_and_never_by_half_a_list(office: Office) -> None:
    build(office)
    before = office.path("new.list").read_bytes()
    assert build(office).fields["error"]["code"] == "DEST-EXISTS"
    office.path("bad.txt").write_text("nonsense\n")
    ended = office.run("list", "build", "--plain", "bad.txt", "-o", "new.list", "--force", "--strict")
    assert ended.exit == 4
    assert office.path("new.list").read_bytes() == before
    assert not list(office.folder.glob(".*"))


def test_a_list_larger_than_any_bundle_is_built_checked_and_asked(office: Office) -> None:
    addresses = [f"0x{number:040x}" for number in range(15_000)]
    office.path("large.txt").write_text("\n".join(addresses))
    assert office.run("list", "build", "--plain", "large.txt", "-o", "large.list").fields["bytes"] > MAX_LIST_BYTES
    assert office.run("list", "check", "large.list").fields["words"][0] == "Flagged addresses: 15,000."
    answers = lookup(office, addresses[7], OTHER, file="large.list").fields["results"]
    assert [one["flagged"] for one in answers] == [True, False]


def test_a_list_larger_than_any_bundle_is_signed_by_its_hash_and_compared_as_it_is(office: Office) -> None:
    addresses = [f"0x{number:040x}" for number in range(15_000)]
    for name, listed in (("large", addresses), ("later", addresses[1:])):
        office.path(f"{name}.txt").write_text("\n".join(listed))
        build = office.run("list", "build", "--plain", f"{name}.txt", "-o", f"{name}.list")
    digest = build.fields["digest"]
    signed = office.sign("list", "later.list", "--previous", "none", "--house", "example", "--unsigned", "-o",
                         office.path("x.bundle"))  # fmt: skip
    assert signed.exit == 0, signed.stderr
    assert "Flagged addresses: 14,999." in signed.stderr
    reference = Reference.parse(office.signed("x.bundle").bundle.body)
    assert (reference.digest.hex(), reference.size) == (digest, build.fields["bytes"])
    checked = office.run("list", "check", "x.bundle")
    assert digest in checked.fields["words"][0]
    for options in ((), ("--type", "list")):
        changes = office.run("diff", "large.list", "later.list", *options).fields["changes"]
        assert [(one["loosens"], one["before"]) for one in changes] == [(True, f"entry 1: {addresses[0]}")]
    assert office.run("diff", "large.list", "x.bundle", "--type", "list").code == "LIST-ABSENT"


def test_a_damaged_large_list_is_not_signed(office: Office) -> None:
    office.path("large.txt").write_text("\n".join(f"0x{number:040x}" for number in range(15_000)))
    office.run("list", "build", "--plain", "large.txt", "-o", "large.list")
    octets = office.path("large.list").read_bytes()
    office.path("bad.list").write_bytes(octets[:5_000] + bytes([octets[5_000] ^ 1]) + octets[5_001:])
    ended = office.sign("list", "bad.list", "--previous", "none", "--house", "example", "--unsigned", "-o",
                        office.path("x.bundle"))  # fmt: skip
    assert ended.code == "LIST-FORM"
    assert not office.path("x.bundle").exists()


def test_progress_and_answers_for_people_stay_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{P2PKH}\n")
    command = [PROGRAM, "compliance", "list", "build", "--plain", tmp_path / "a.txt", "-o", tmp_path / "a.list"]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert ended.stdout == b""
    assert b"1 address." in ended.stderr
    assert FlaggedList.parse((tmp_path / "a.list").read_bytes()).find(P2PKH)
