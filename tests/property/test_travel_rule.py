"""Any complete payload passes; taking away or spoiling what is needed gives exactly the code that says so."""

import json
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from payloads import ABSENT, bent, in_2020

from custody.codec.schema import SchemaError, read
from custody.travel_rule.authorities import AUTHORITIES
from custody.travel_rule.completeness import Terms, incomplete_payload
from custody.travel_rule.countries import COUNTRIES
from custody.travel_rule.layout import IVMS101
from custody.travel_rule.profiles import PROFILES
from custody.travel_rule.reading import read_any
from custody.travel_rule.record import CODES

TODAY = date(2026, 11, 23)
#: Stands in every personal text, so that a finding that repeats one is caught.
MARK = "Zzyzx"

ascii_text = st.text("abcXYZ 0123456789'-.,", max_size=10).map(lambda text: f"{MARK}{text}")
kanji = st.text("田中花子鈴木遥佐藤", min_size=1, max_size=6)
kana = st.text("アイウエオカキクケコー・ ", max_size=8).map(lambda text: f"タ{text}")
countries = st.sampled_from(sorted(COUNTRIES))
births = st.dates(date(1900, 1, 1), TODAY - timedelta(days=1)).map(date.isoformat)


@st.composite
def leis(draw: st.DrawFn) -> str:
    body = draw(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=18, max_size=18))
    number = int("".join(str(int(character, 36)) for character in f"{body}00"))
    return f"{body}{98 - number % 97:02d}"


def named(text: st.SearchStrategy[str], kind: str = "LEGL") -> st.SearchStrategy[dict[str, str]]:
    kinds = st.just(kind)
    return st.fixed_dictionaries(
        {"primaryIdentifier": text, "naturalPersonNameIdentifierType": kinds}, optional={"secondaryIdentifier": text}
    )


def addresses(country: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    whole = {"addressType": st.sampled_from(("HOME", "BIZZ", "GEOG")), "townName": ascii_text, "country": country}
    street = st.fixed_dictionaries(whole | {"streetName": ascii_text, "buildingNumber": ascii_text})
    lines = st.fixed_dictionaries(whole | {"addressLine": st.lists(ascii_text, min_size=1, max_size=7)})
    return street | lines


naturals = st.fixed_dictionaries(
    {
        "name": st.fixed_dictionaries(
            {
                "nameIdentifier": st.lists(named(ascii_text), min_size=1, max_size=3),
                "localNameIdentifier": st.lists(named(kanji), min_size=1, max_size=2),
                "phoneticNameIdentifier": st.lists(named(kana), min_size=1, max_size=2),
            }
        ),
        "geographicAddress": st.lists(addresses(countries), min_size=1, max_size=3),
        "customerIdentification": ascii_text,
        "nationalIdentification": st.fixed_dictionaries(
            {
                "nationalIdentifier": ascii_text,
                "nationalIdentifierType": st.sampled_from(("ARNU", "CCPT", "DRLC", "FIIN", "SOCS", "IDCD", "MISC")),
            },
            optional={"countryOfIssue": countries, "registrationAuthority": st.sampled_from(sorted(AUTHORITIES))},
        ),
        "dateAndPlaceOfBirth": st.fixed_dictionaries({"dateOfBirth": births, "placeOfBirth": ascii_text}),
    },
    optional={"countryOfResidence": countries},
)


@st.composite
def companies(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        issued = {"nationalIdentifier": draw(leis()), "nationalIdentifierType": "LEIX"}
    else:
        issued = {
            "nationalIdentifier": draw(ascii_text),
            "nationalIdentifierType": draw(st.sampled_from(("RAID", "MISC", "TXID"))),
            "registrationAuthority": draw(st.sampled_from(sorted(AUTHORITIES))),
        }
    names = [{"legalPersonName": draw(ascii_text), "legalPersonNameIdentifierType": "LEGL"}]
    person = {"name": {"nameIdentifier": names}, "nationalIdentification": issued}
    return {"legalPerson": person | {"countryOfRegistration": draw(countries)}}


@st.composite
def payloads(draw: st.DrawFn) -> dict[str, Any]:
    """A complete payload of the 2023 edition, with an individual as originator."""
    accounts = st.lists(ascii_text, min_size=1, max_size=3, unique=True)
    steps = draw(st.lists(companies(), max_size=3))
    return {
        "payloadMetadata": {"payloadVersion": "101.2023", "transliterationMethod": ["hani", "kana"]},
        "originator": {
            "originatorPerson": [{"naturalPerson": draw(naturals), "accountNumber": draw(accounts)}],
        },
        "beneficiary": {
            "beneficiaryPerson": [
                draw(st.builds(lambda one: {"naturalPerson": one}, naturals) | companies())
                | {"accountNumber": draw(accounts)}
            ]
        },
        "originatingVASP": {"originatingVASP": draw(companies())},
        "beneficiaryVASP": {"beneficiaryVASP": draw(companies())},
        "transferPath": {
            "transferPath": [{"intermediaryVASP": one, "sequence": place} for place, one in enumerate(steps)]
        },
    }


def codes(payload: Any, profile: str) -> set[str]:
    terms = Terms(PROFILES[profile], TODAY)
    return {finding.code for finding in incomplete_payload(read(IVMS101, payload, CODES), "it", terms)}


ORIGINATOR = "originator.originatorPerson.0.naturalPerson"
VASP = "originatingVASP.originatingVASP.legalPerson"
LONE = {"intermediaryVASP": {"legalPerson": {"name": {"nameIdentifier": [
    {"legalPersonName": "Middle", "legalPersonNameIdentifierType": "LEGL"}]}}}, "sequence": 1}  # fmt: skip
ALIAS = [{"primaryIdentifier": MARK, "naturalPersonNameIdentifierType": "ALIA"}]
SHORT = [{"legalPersonName": MARK, "legalPersonNameIdentifierType": "SHRT"}]
NOWHERE = {"addressType": "HOME", "townName": MARK, "country": "JP"}


def issued(kind: str, number: str = "7", authority: str | None = None) -> dict[str, Any]:
    """The change that identifies the originating VASP otherwise."""
    register = {"registrationAuthority": authority} if authority else {}
    written = {"nationalIdentifier": number, "nationalIdentifierType": kind} | register
    return {f"{VASP}.nationalIdentification": written}


#: Changes, each with exactly the codes that it gives in Japan.
SPOILED: list[tuple[dict[str, Any], set[str]]] = [
    ({"originator": ABSENT}, {"IVMS-PARTY"}),
    ({"beneficiary": ABSENT}, {"IVMS-PARTY"}),
    ({"originatingVASP": ABSENT}, {"IVMS-PARTY"}),
    ({"beneficiaryVASP": ABSENT}, {"IVMS-PARTY"}),
    ({"originator.accountNumber": ["another"]}, {"IVMS-ACCOUNTS"}),
    ({f"{ORIGINATOR}.dateAndPlaceOfBirth.dateOfBirth": "2026-11-23"}, {"IVMS-C2"}),
    ({f"{ORIGINATOR}.countryOfResidence": "ZZ"}, {"IVMS-C3"}),
    ({f"{VASP}.name.nameIdentifier": SHORT}, {"IVMS-C5", "PROFILE-LEGAL-NAME"}),
    ({f"{ORIGINATOR}.name.nameIdentifier": ALIAS}, {"IVMS-C6", "PROFILE-LEGAL-NAME"}),
    (issued("SOCS", authority="RA000412"), {"IVMS-C7"}),
    ({f"{ORIGINATOR}.geographicAddress.0": NOWHERE}, {"IVMS-C8"}),
    (issued("RAID"), {"IVMS-C9"}),
    ({f"{VASP}.nationalIdentification.countryOfIssue": "JP"}, {"IVMS-C9"}),
    (issued("RAID", authority="RA000000"), {"IVMS-C10"}),
    (issued("LEIX"), {"IVMS-C11"}),
    (issued("LEIX", "3M5E1GQKGL17HI8CPN20"), {"LEI-CHK"}),
    ({"transferPath.transferPath": [LONE]}, {"IVMS-C12"}),
    ({f"{ORIGINATOR}.geographicAddress": ABSENT}, {"PROFILE-ADDRESS"}),
    ({"originator.originatorPerson.0.accountNumber": ABSENT}, {"PROFILE-ACCOUNT"}),
    ({"beneficiary.beneficiaryPerson.0.accountNumber": ABSENT}, {"PROFILE-ACCOUNT"}),
    ({f"{ORIGINATOR}.customerIdentification": ABSENT}, set()),
]


@given(payloads(), st.sampled_from(sorted(PROFILES)))
def test_a_complete_payload_passes_every_profile_in_both_editions(payload: dict[str, Any], profile: str) -> None:
    assert codes(payload, profile) == set()
    assert codes(in_2020(payload), profile) == set()


@given(payloads(), st.sampled_from(SPOILED))
def test_what_is_spoiled_gives_exactly_its_codes(
    payload: dict[str, Any], spoiled: tuple[dict[str, Any], set[str]]
) -> None:
    changes, expected = spoiled
    assert codes(bent(payload, changes), "jp") == expected


@given(payloads(), st.data())
def test_local_writing_is_missed_where_somebody_of_japan_has_none(payload: dict[str, Any], data: st.DataObject) -> None:
    kind, code = data.draw(
        st.sampled_from(
            [("localNameIdentifier", "PROFILE-LOCAL-NAME"), ("phoneticNameIdentifier", "PROFILE-PHONETIC-NAME")]
        )
    )
    changes = {f"{ORIGINATOR}.countryOfResidence": "JP", f"{ORIGINATOR}.name.{kind}": ABSENT}
    assert codes(bent(payload, changes), "jp") == {code}


def inner_texts(value: Any) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(key, *rest) for key, item in items for rest in [(), *inner_texts(item)]]


@given(payloads(), st.data())
def test_whatever_is_done_to_a_payload_no_finding_repeats_what_stands_there(
    payload: dict[str, Any], data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(inner_texts(payload)))
    put = data.draw(st.sampled_from([ABSENT, f"{MARK}\n", MARK * 200, f"{MARK} 東京", [MARK], {"townName": MARK}, 7]))
    place: Any = payload
    for key in path[:-1]:
        place = place[key]
    if put is ABSENT:
        del place[path[-1]]
    else:
        place[path[-1]] = put
    told = ""
    for profile in PROFILES.values():
        try:
            told += repr([*read_any(json.dumps(payload).encode()).findings(Terms(profile, TODAY))])
        except SchemaError as error:
            told += str(error) + error.hint + repr(error.findings)
    assert MARK not in told
