"""The roster: a closed schema, every fault by name, each person once, and a house that survives a loss."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import rosters
from rosters import PEOPLE, certificate, fingerprint, person, roster_toml

from custody.codec.schema import SchemaError
from custody.codec.toml import MAX_LINE_BYTES
from custody.errors import InputError
from custody.officers import roster as module
from custody.officers.roster import MAX_PEOPLE, MAX_ROSTER_BYTES, Person, Role, Roster

TOML = roster_toml()
TEXT = TOML.decode()
MORI = "\n" + base64.encodebytes(certificate("Mori")).decode()
MORI_AT = next(index for index, row in enumerate(PEOPLE) if row[0] == "Mori")


def faults(toml: bytes | str) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        Roster.parse(toml if isinstance(toml, bytes) else toml.encode())
    return [(finding.code.removeprefix("ROSTER-"), finding.where) for finding in caught.value.findings]


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def with_person(*rows: Any) -> bytes:
    return roster_toml((*PEOPLE, *rows))


def test_a_roster_is_read() -> None:
    roster = Roster.parse(roster_toml(delay_hours=48, consent=1, list=1))
    assert (roster.house, roster.activation_delay, roster.consent) == ("example-exchange", 172_800, 1)
    assert roster.signatures == {"policy": 2, "list": 1, "tokens": 2, "roster": 2}
    assert [(one.name, one.role, one.organisation, one.certificate) for one in roster.people] == list(PEOPLE)


def test_the_example_on_the_page_is_a_roster_with_the_fingerprints_that_gpg_gave(project: Path) -> None:
    page = (project / "docs/spec/roster.md").read_text("utf-8")
    (written,) = re.findall(r"<!-- example:roster -->\n```toml\n(.*?)```", page, re.DOTALL)
    roster = Roster.parse(written.encode())
    given = dict(re.findall(r"^\| (\w+) \| ([0-9A-F]{40}) \|$", page, re.MULTILINE))
    assert {one.name: one.fingerprint for one in roster.people if one.fingerprint} == given
    assert set(given) == {"Tanaka", "Ito", "Mori", "Kato"}
    assert (roster.officers, roster.people[1].until) == (("Sato", "Abe"), 1_806_451_200)


def test_people_are_found_by_fingerprint_and_role() -> None:
    roster = Roster.parse(TOML)
    found = roster.person(fingerprint("Mori"))
    assert found == Person(
        "Mori", Role.COMPLIANCE, "Example Exchange KK", certificate("Mori"), fingerprint("Mori"), None
    )
    assert roster.person(fingerprint("Nobody")) is None
    assert roster.person(fingerprint("Mori").lower()) is None
    assert roster.person("") is None
    assert [one.name for one in roster.of_role(Role.COMPLIANCE)] == ["Mori", "Kato", "Hara"]
    assert roster.officers == ("Sato", "Abe", "Endo")


def test_nobody_without_a_certificate_is_found_by_fingerprint() -> None:
    officers = (("Sato", "officer", "A", None), ("Abe", "officer", "A", None), ("Endo", "officer", "A", None))
    roster = Roster.parse(roster_toml((*officers, *PEOPLE[3:])))
    assert roster.officers == ("Sato", "Abe", "Endo")
    assert roster.person("None") is None


def test_a_person_is_valid_until_a_moment_and_not_at_it() -> None:
    until = rosters.NOT_BEFORE
    roster = Roster.parse(changed('name = "Hara"\n', 'name = "Hara"\nuntil = "2025-12-01T00:00:00Z"\n').encode())
    assert roster.people[MORI_AT + 2].until == until
    assert roster.people[MORI_AT + 2].valid(until - 1)
    assert not roster.people[MORI_AT + 2].valid(until)
    assert roster.people[MORI_AT].valid(2**53)
    assert [roster.reach(Role.COMPLIANCE, at) for at in (0, until - 1, until, 2**53)] == [3, 3, 2, 2]
    assert roster.reach(Role.OPERATOR, until) == 2


REQUIRED = {
    "version": "version = 1\n",
    "house": 'house = "example-exchange"\n',
    "activation_delay_hours": "activation_delay_hours = 24\n",
    "signatures.policy": "policy = 2\n",
    "signatures.list": "list = 2\n",
    "signatures.tokens": "tokens = 2\n",
    "signatures.roster": "roster = 2\n",
    "consent.officers": "officers = 2\n",
    f"person[{MORI_AT}].name": 'name = "Mori"\n',
}


@pytest.mark.parametrize("place", REQUIRED)
def test_every_key_without_optional_is_required(place: str) -> None:
    assert faults(changed(REQUIRED[place], "")) == [("MISSING", place)]


@pytest.mark.parametrize("key", ["role", "organisation"])
def test_a_person_has_a_role_and_an_organisation(key: str) -> None:
    head, _, tail = TEXT.rpartition("[[person]]")
    cut = re.sub(rf"{key} = .*\n", "", tail)
    assert faults(f"{head}[[person]]{cut}") == [("MISSING", f"person[{len(PEOPLE) - 1}].{key}")]


def test_a_roster_without_people_is_refused() -> None:
    assert faults(TEXT.partition("[[person]]")[0]) == [("MISSING", "person")]
    assert faults("person = []\n" + TEXT.partition("[[person]]")[0]) == [("COUNT", "person")]


@pytest.mark.parametrize("role", ["operator", "approver", "compliance"])
def test_who_signs_needs_a_certificate(role: str) -> None:
    assert faults(with_person(("Ono", role, "A", None))) == [("MISSING", f"person[{len(PEOPLE)}].certificate")]


@pytest.mark.parametrize("role", ["officer", "auditor"])
def test_who_does_not_sign_may_go_without(role: str) -> None:
    assert Roster.parse(with_person(("Ono", role, "A", None))).people[-1].fingerprint is None


@pytest.mark.parametrize(
    ("place", "old", "line"),
    [
        ("top level", "version = 1", "threshold = 2"),
        ("signatures", "policy = 2", "lists = 2"),
        ("consent", "officers = 2", "operators = 1"),
        (f"person[{MORI_AT}]", 'name = "Mori"', 'mail = "x"'),
    ],
)
def test_an_unknown_key_is_refused_by_name(place: str, old: str, line: str) -> None:
    with pytest.raises(SchemaError) as caught:
        Roster.parse(changed(old, f"{old}\n{line}").encode())
    (finding,) = caught.value.findings
    assert (finding.code, finding.where) == ("ROSTER-KEY", place)
    assert line.split(" ")[0] in finding.observed


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("version = 1", "version = 2", ("NUMBER", "version")),
        ("version = 1", "version = true", ("NUMBER", "version")),
        ("activation_delay_hours = 24", "activation_delay_hours = 0", ("NUMBER", "activation_delay_hours")),
        ("activation_delay_hours = 24", "activation_delay_hours = 721", ("NUMBER", "activation_delay_hours")),
        ("activation_delay_hours = 24", "activation_delay_hours = 1.5", ("NUMBER", "activation_delay_hours")),
        ("policy = 2", "policy = 0", ("NUMBER", "signatures.policy")),
        ("policy = 2", "policy = 11", ("NUMBER", "signatures.policy")),
        ("policy = 2", "policy = true", ("NUMBER", "signatures.policy")),
        ("officers = 2", "officers = 0", ("NUMBER", "consent.officers")),
        ("officers = 2", "officers = 6", ("NUMBER", "consent.officers")),
        ('house = "example-exchange"', 'house = "Example"', ("TEXT", "house")),
        ('house = "example-exchange"', 'house = "-example"', ("TEXT", "house")),
        ('house = "example-exchange"', 'house = ""', ("TEXT", "house")),
        ('house = "example-exchange"', f'house = "{"h" * 64}"', ("TEXT", "house")),
        ('house = "example-exchange"', "house = 1", ("TYPE", "house")),
        ('name = "Mori"', 'name = ""', ("TEXT", f"person[{MORI_AT}].name")),
        ('name = "Mori"', 'name = " Mori"', ("TEXT", f"person[{MORI_AT}].name")),
        ('name = "Mori"', 'name = "Mori "', ("TEXT", f"person[{MORI_AT}].name")),
        ('name = "Mori"', 'name = "Mori  A"', ("TEXT", f"person[{MORI_AT}].name")),
        ('name = "Mori"', 'name = "M\u043eri"', ("TEXT", f"person[{MORI_AT}].name")),
        ('name = "Mori"', 'name = "Mori\\n"', ("TEXT", f"person[{MORI_AT}].name")),
        ('name = "Mori"', f'name = "{"M" * 65}"', ("TEXT", f"person[{MORI_AT}].name")),
        ('name = "Mori"', "name = 1", ("TYPE", f"person[{MORI_AT}].name")),
        ('role = "auditor"', 'role = "Auditor"', ("WORD", f"person[{len(PEOPLE) - 1}].role")),
        ('role = "auditor"', 'role = "officer,operator"', ("WORD", f"person[{len(PEOPLE) - 1}].role")),
        ('role = "auditor"', 'role = ["officer", "operator"]', ("WORD", f"person[{len(PEOPLE) - 1}].role")),
        ('"Example Audit LLC"', '"Example\\tAudit"', ("TEXT", f"person[{len(PEOPLE) - 1}].organisation")),
        ('"Example Audit LLC"', f'"{"E" * 101}"', ("TEXT", f"person[{len(PEOPLE) - 1}].organisation")),
    ],
)
def test_a_value_out_of_its_form_is_refused_at_its_place(old: str, new: str, fault: tuple[str, str]) -> None:
    assert faults(changed(old, new)) == [fault]


@pytest.mark.parametrize(
    "until", ['"2027-03-31"', '"2027-03-31T00:00:00"', '"2027-02-29T00:00:00Z"', "2027-03-31T00:00:00Z", "1", '""']
)
def test_a_time_has_one_form(until: str) -> None:
    assert faults(changed('name = "Mori"', f'name = "Mori"\nuntil = {until}')) == [("TEXT", f"person[{MORI_AT}].until")]


@pytest.mark.parametrize(
    "written",
    [
        MORI.replace("\n", ""),
        MORI.replace("\n", " \n\t"),
        "".join(f"{letter} " for letter in MORI.strip()),
    ],
)
def test_spaces_and_line_ends_do_not_change_a_certificate(written: str) -> None:
    assert Roster.parse(changed(MORI, written).encode()) == Roster.parse(TOML)


PLAIN = MORI.replace("\n", "")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "=",
        PLAIN.rstrip("="),
        PLAIN + "=",
        PLAIN[:-1],
        PLAIN.replace(PLAIN[9], "-", 1),
        PLAIN.replace(PLAIN[9], "\u0410", 1),
        PLAIN + "\u00a0",
        PLAIN.replace("E=", "F="),  # bits that stand for nothing
        base64.urlsafe_b64encode(b"\xff" * 60).decode(),
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + PLAIN,
    ],
)
def test_base64_in_another_spelling_is_refused(written: str) -> None:
    place = f"person[{MORI_AT}].certificate"
    with pytest.raises(SchemaError, match="no base64") as caught:
        Roster.parse(changed(MORI, written).encode())
    assert [(one.code, one.where) for one in caught.value.findings] == [("ROSTER-TEXT", place)]


@pytest.mark.parametrize(
    "octets",
    [
        b"x",
        certificate("Mori")[:-1],
        certificate("Mori") + b"\x00",
        certificate("Mori") + certificate("Kato"),
        rosters.packet(6, rosters.primary_key("Mori")),
        certificate("Mori").replace(b"\xc6", b"\xc5", 1),
        bytes(66_000),
    ],
)
def test_a_certificate_that_its_reader_refuses_is_refused_with_the_readers_code(octets: bytes) -> None:
    with pytest.raises(SchemaError) as caught:
        Roster.parse(changed(MORI, "\n" + base64.encodebytes(octets).decode()).encode())
    (finding,) = caught.value.findings
    assert (finding.code, finding.where) == ("ROSTER-TEXT", f"person[{MORI_AT}].certificate")
    assert "OPENPGP-CERTIFICATE" in finding.observed


@pytest.mark.parametrize("value", ["1", "true", '["x"]', "{}"])
def test_a_certificate_is_a_text(value: str) -> None:
    text = re.sub(r'(name = "Mori"\n(?:.*\n){2})certificate = """[^"]*"""', rf"\1certificate = {value}", TEXT)
    assert faults(text) == [("TEXT", f"person[{MORI_AT}].certificate")]


@pytest.mark.parametrize("name", ["Mori", "MORI", "mori"])
def test_a_name_stands_once_whatever_its_capitals(name: str) -> None:
    double = (name, "auditor", "Example Audit LLC", None)
    assert faults(with_person(double)) == [("DUPLICATE", f"person[{len(PEOPLE)}].name")]


@pytest.mark.parametrize("role", ["compliance", "approver", "officer", "auditor"])
def test_one_certificate_is_one_person(role: str) -> None:
    double = ("Mori Again", role, "Example Exchange KK", certificate("Mori"))
    assert faults(with_person(double)) == [("DUPLICATE", f"person[{len(PEOPLE)}].certificate")]


def test_another_signature_on_the_same_key_does_not_make_it_two_people() -> None:
    signature = rosters.certificate("Mori")[-10:]
    other = certificate("Mori").replace(signature, signature[:-1] + b"\x00")
    assert other != certificate("Mori")
    double = ("Mori Again", "approver", "Example Exchange KK", other)
    assert faults(with_person(double)) == [("DUPLICATE", f"person[{len(PEOPLE)}].certificate")]


def test_an_organisation_has_one_spelling() -> None:
    rows = (person("Ono", "approver", "EXAMPLE TRUST KK"), person("Baba", "approver", "Example Trust KK"))
    assert faults(with_person(*rows)) == [("DUPLICATE", f"person[{len(PEOPLE)}].organisation")]


LOOK_ALIKE = [
    *("Example Trust, K.K.", "Example-Trust KK", "Example Trust KK.", "ExampleTrust KK", "example trust kk"),
    *("ExampIe Trust KK", "Examp1e Trust KK", "Examp|e Trust KK"),
]


@pytest.mark.parametrize("other", LOOK_ALIKE)
def test_organisations_that_people_take_for_one_are_not_two(other: str) -> None:
    """A policy may ask for approvals of two organisations."""
    rows = (person("Ono", "approver", other), person("Baba", "approver", "Example Trust KK"))
    assert faults(with_person(*rows)) == [("DUPLICATE", f"person[{len(PEOPLE)}].organisation")]


@pytest.mark.parametrize("other", ["lto", "1to", "It0", "ITO", "I.to", "I-to", "I to", "Ito."])
def test_names_that_people_take_for_one_are_not_two(other: str) -> None:
    assert faults(with_person(person(other, "approver"))) == [("DUPLICATE", f"person[{len(PEOPLE)}].name")]


@pytest.mark.parametrize(("one", "other"), [("Arnold", "Amold"), ("Wada", "VVada"), ("O'Hara", "0Hara")])
def test_two_letters_that_look_like_one_are_one(one: str, other: str) -> None:
    rows = (person(one, "approver"), person(other, "approver"))
    assert faults(with_person(*rows)) == [("DUPLICATE", f"person[{len(PEOPLE) + 1}].name")]


@pytest.mark.parametrize(("one", "other"), [("Ali", "All"), ("Lia", "Lila"), ("Branch 2", "Branch 3"), ("Ono", "Oono")])
def test_names_that_only_sound_alike_are_two(one: str, other: str) -> None:
    assert Roster.parse(with_person(person(one, "approver"), person(other, "approver")))


@pytest.mark.parametrize(
    "name", ["Ito, Chiba", "Ito; Chiba", "Ito and: Chiba", "Ito (two)", "Ito/Chiba", "Ito,Chiba", "-"]
)
def test_a_name_cannot_pass_for_two(name: str) -> None:
    """Screens tell names with a comma between them."""
    assert faults(with_person(person(name, "approver"))) == [("TEXT", f"person[{len(PEOPLE)}].name")]


@pytest.mark.parametrize("name", ["O'Hara", "Jean-Luc Picard", "J. R. Sato", "Sato 2"])
def test_names_as_people_have_them(name: str) -> None:
    assert Roster.parse(with_person(person(name, "approver"))).people[-1].name == name


def test_all_faults_are_told_at_once() -> None:
    text = changed("policy = 2", "policy = 0").replace('role = "auditor"', 'role = "king"')
    text += rosters.person_toml("sato", "approver", "Example Exchange KK", None)
    assert faults(text) == [
        ("NUMBER", "signatures.policy"),
        ("WORD", f"person[{len(PEOPLE) - 1}].role"),
        ("MISSING", f"person[{len(PEOPLE)}].certificate"),
        ("DUPLICATE", f"person[{len(PEOPLE)}].name"),
    ]


@pytest.mark.parametrize("kind", ["policy", "list", "tokens", "roster"])
def test_one_compliance_officer_more_than_must_sign(kind: str) -> None:
    assert Roster.parse(roster_toml(**{kind: 2})).signatures[kind] == 2
    with pytest.raises(SchemaError) as caught:
        Roster.parse(roster_toml(**{kind: 3}))
    (finding,) = caught.value.findings
    assert (finding.code, finding.where) == ("ROSTER-QUORUM", f"signatures.{kind}")
    assert (finding.observed[:1], finding.required[:10]) == ("3", "at least 4")


def test_one_officer_more_than_must_consent() -> None:
    assert Roster.parse(roster_toml(consent=2)).consent == 2
    with pytest.raises(SchemaError) as caught:
        Roster.parse(roster_toml(consent=3))
    (finding,) = caught.value.findings
    assert (finding.code, finding.where) == ("ROSTER-QUORUM", "consent.officers")
    assert (finding.observed[:1], finding.required[:10]) == ("3", "at least 4")


def test_a_house_has_an_operator() -> None:
    people = [row for row in PEOPLE if row[1] != "operator"]
    assert faults(roster_toml(people)) == [("QUORUM", "person")]
    assert Roster.parse(roster_toml([*people, person("Ueda", "operator")]))


def test_every_number_out_of_reach_is_told() -> None:
    assert faults(roster_toml([("Noda", "auditor", "A", None)])) == [
        *(("QUORUM", f"signatures.{kind}") for kind in ("policy", "list", "tokens", "roster")),
        ("QUORUM", "consent.officers"),
        ("QUORUM", "person"),
    ]


@pytest.mark.parametrize(
    ("names", "place"),
    [(("Mori", "Kato"), "signatures.roster"), (("Sato", "Abe"), "consent.officers"), (("Mori", "Sato"), None)],
)
def test_the_day_does_not_come_when_nobody_can_put_in_another_roster(names: tuple[str, str], place: str | None) -> None:
    """Of three whom two are needed of, one may have an end."""
    text = TEXT
    for name in names:
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nuntil = "2027-03-31T00:00:00Z"\n')
    if place is None:
        assert Roster.parse(text.encode())
    else:
        assert faults(text) == [("QUORUM", place)]


def test_as_many_people_as_may_be_and_no_more() -> None:
    more = [(f"Auditor {number}", "auditor", "A", None) for number in range(MAX_PEOPLE - len(PEOPLE))]
    assert len(Roster.parse(with_person(*more)).people) == MAX_PEOPLE
    assert ("COUNT", "person") in faults(with_person(*more, ("One More", "auditor", "A", None)))


def test_a_roster_beyond_its_size_is_refused() -> None:
    def filled(size: int) -> bytes:
        spare = size - len(TOML)
        return TOML + b"#\n" * (spare // 2) + b"\n" * (spare % 2)

    assert Roster.parse(filled(MAX_ROSTER_BYTES))
    for toml in (filled(MAX_ROSTER_BYTES + 1), TOML + b"#" * (MAX_LINE_BYTES + 1)):
        with pytest.raises(InputError, match="ROSTER-SIZE"):
            Roster.parse(toml)


def test_a_roster_of_points_is_refused_before_each_becomes_a_table() -> None:
    assert Roster.parse(TOML + b"#" + b"." * (MAX_LINE_BYTES - 2))
    keys = [b"a%d" % number + b".b" * 480 + b" = 1" for number in range(100)]
    with pytest.raises(InputError, match="ROSTER-SIZE"):
        Roster.parse(b"\n".join(keys))


@pytest.mark.parametrize("toml", [b"\xff", b"version", b"version = 1\nversion = 1", b"[signatures]\n[signatures]"])
def test_what_is_no_toml_is_refused(toml: bytes) -> None:
    with pytest.raises(InputError, match="ROSTER-SYNTAX"):
        Roster.parse(toml)


def test_a_reader_that_counts_nobody_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: without these two checks the rosters above would be read."""
    monkeypatch.setattr(Roster, "_out_of_reach", lambda _self: ())
    monkeypatch.setattr(module, "_again", lambda _rows: ())
    assert Roster.parse(roster_toml(consent=5, policy=10))
    assert Roster.parse(with_person(("Mori", "approver", "example trust kk", certificate("Mori"))))
