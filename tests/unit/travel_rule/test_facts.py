"""The words that a jurisdiction's profile is made of: each asks for what it says, and tells when that is missing."""

import pytest

from custody.codec.schema import Finding
from custody.travel_rule.facts import FACTS, missing, whole_name
from custody.travel_rule.ivms101 import (
    Address,
    Birth,
    LegalName,
    LegalPerson,
    Names,
    NationalIdentification,
    NaturalName,
    NaturalPerson,
)

LATIN = (NaturalName("Tanaka", "LEGL", "Hanako"),)
NUMBER = NationalIdentification("7", "TXID")
NAMED = NaturalPerson(Names(LATIN))
COMPANY = LegalPerson(Names((LegalName("Example KK", "LEGL"),)))
ALIAS = NaturalPerson(Names((NaturalName("Hana", "ALIA"),)))
KANJI = NaturalPerson(Names(LATIN, local=(NaturalName("田中", "LEGL", "花子"),)))
KANA = NaturalPerson(Names(LATIN, phonetic=(NaturalName("タナカ", "LEGL", "ハナコ"),)))
HOUSED = NaturalPerson(Names(LATIN), (Address("HOME", "Tokyo", "JP"),))
CUSTOMER = NaturalPerson(Names(LATIN), customer_identification="7")
IDENTIFIED = NaturalPerson(Names(LATIN), national_identification=NUMBER)
REGISTERED = LegalPerson(COMPANY.names, national_identification=NUMBER)
BORN = NaturalPerson(Names(LATIN), birth=Birth("1980-02-29", "Kobe"))
RESIDENT = NaturalPerson(Names(LATIN), country="JP")


@pytest.mark.parametrize(
    ("word", "holds", "lacks"),
    [
        ("legal_name", [NAMED, COMPANY], [ALIAS]),
        ("local_name", [KANJI], [NAMED, KANA]),
        ("phonetic_name", [KANA], [NAMED, KANJI]),
        ("address", [HOUSED], [NAMED]),
        ("customer_identification", [CUSTOMER], [IDENTIFIED]),
        ("national_identification", [IDENTIFIED, REGISTERED], [CUSTOMER]),
        ("birth", [BORN], [NAMED, COMPANY]),
        ("registration", [REGISTERED], [COMPANY, IDENTIFIED]),
        ("country", [RESIDENT], [NAMED]),
    ],
)
def test_a_fact_holds_for_whoever_has_it_and_for_nobody_else(
    word: str, holds: list[NaturalPerson | LegalPerson], lacks: list[NaturalPerson | LegalPerson]
) -> None:
    assert [one for one in holds if [*missing(one, (), ((word,),), "it")]] == []
    for person in lacks:
        assert [*missing(person, (), ((word,),), "it")] == [
            Finding(FACTS[word].code, "it", "missing", FACTS[word].means)
        ]


def test_an_account_number_goes_with_the_person() -> None:
    assert [*missing(NAMED, ("7",), (("account",),), "it")] == []
    assert [one.code for one in missing(NAMED, (), (("account",),), "it")] == ["PROFILE-ACCOUNT"]


def test_one_fact_of_a_group_is_enough_and_every_group_is_asked() -> None:
    groups = (("birth", "address"), ("address",))
    assert [*missing(HOUSED, (), groups, "it")] == []
    assert [(one.code, one.observed) for one in missing(BORN, (), groups, "it")] == [("PROFILE-ADDRESS", "missing")]


def test_of_a_group_all_that_would_do_is_told() -> None:
    (told,) = missing(NAMED, (), (("birth", "address"),), "it")
    assert told == Finding("PROFILE-BIRTH", "it", "all of these are missing", "date and place of birth, or an address")


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        (NaturalName("Tanaka", "LEGL", "Hanako"), "Tanaka Hanako"),
        (NaturalName("Tanaka", "LEGL"), "Tanaka"),
        (LegalName("Example KK", "LEGL"), "Example KK"),
    ],
)
def test_a_name_is_one_text(name: NaturalName | LegalName, whole: str) -> None:
    assert whole_name(name) == whole


def test_spaces_alone_are_no_kana() -> None:
    blank = NaturalPerson(Names(LATIN, phonetic=(NaturalName("\u3000", "LEGL", "\u3000"),)))
    assert [one.code for one in missing(blank, (), (("phonetic_name",),), "it")] == ["PROFILE-PHONETIC-NAME"]
