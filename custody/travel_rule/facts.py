"""What a jurisdiction may demand of a person: a small closed vocabulary, each word with its code.

A profile combines the words (`custody.travel_rule.profile`). A finding names the place and what is missing, never
what stands there.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from custody.codec.schema import Finding
from custody.travel_rule.ivms101 import LegalName, LegalPerson, NaturalName, NaturalPerson

Groups = tuple[tuple[str, ...], ...]
_Either = NaturalPerson | LegalPerson

# Hiragana, katakana and their marks, also half-width; the middle dot and the spaces that stand between names.
_KANA = re.compile("[\u3041-\u3096\u3099-\u309f\u30a1-\u30ff\u31f0-\u31ff\uff65-\uff9f \u3000]+")
_LATIN = re.compile("[\u0000-\u024f\u1e00-\u1eff]*")


@dataclass(frozen=True, slots=True)
class Fact:
    """A word of the vocabulary: the ``code`` of its absence, what it ``means`` in words, and whether it ``holds``."""

    code: str
    means: str
    holds: Callable[[_Either, tuple[str, ...]], bool]


def missing(person: _Either, accounts: tuple[str, ...], groups: Groups, where: str) -> Iterator[Finding]:
    """Each group of which the person has no fact. ``accounts`` are the account numbers that go with the person."""
    for group in groups:
        if not any(FACTS[word].holds(person, accounts) for word in group):
            required = ", or ".join(FACTS[word].means for word in group)
            observed = "missing" if len(group) == 1 else "all of these are missing"
            yield Finding(FACTS[group[0]].code, where, observed, required)


def whole_name(name: NaturalName | LegalName) -> str:
    """The name as one text; of an individual the primary part first."""
    return name.name if isinstance(name, LegalName) else f"{name.primary} {name.secondary or ''}".strip()


def _legal(names: tuple[NaturalName | LegalName, ...]) -> list[str]:
    return [whole_name(name) for name in names if name.kind == "LEGL"]


def _local(person: _Either, _accounts: tuple[str, ...]) -> bool:
    return any(not _LATIN.fullmatch(text) for text in _legal(person.names.local))


def _phonetic(person: _Either, _accounts: tuple[str, ...]) -> bool:
    return any(_KANA.fullmatch(text) for text in _legal(person.names.phonetic))


#: The words that a profile may use.
FACTS = {
    "legal_name": Fact(
        "PROFILE-LEGAL-NAME", "a legal name in Latin letters", lambda one, _: bool(one.names.of_kind("LEGL"))
    ),
    "local_name": Fact("PROFILE-LOCAL-NAME", "a legal name in local writing (localNameIdentifier)", _local),
    "phonetic_name": Fact("PROFILE-PHONETIC-NAME", "a legal name in kana (phoneticNameIdentifier)", _phonetic),
    "address": Fact("PROFILE-ADDRESS", "an address", lambda one, _: bool(one.addresses)),
    "customer_identification": Fact(
        "PROFILE-CUSTOMER", "a customer's number", lambda one, _: one.customer_identification is not None
    ),
    "national_identification": Fact(
        "PROFILE-NATIONAL", "a national identification", lambda one, _: one.national_identification is not None
    ),
    "birth": Fact(
        "PROFILE-BIRTH",
        "date and place of birth",
        lambda one, _: isinstance(one, NaturalPerson) and one.birth is not None,
    ),
    "registration": Fact(
        "PROFILE-REGISTRATION",
        "an LEI or a registration number",
        lambda one, _: isinstance(one, LegalPerson) and one.national_identification is not None,
    ),
    "country": Fact(
        "PROFILE-COUNTRY", "a country of residence or registration", lambda one, _: one.country is not None
    ),
    "account": Fact("PROFILE-ACCOUNT", "an account number or address on the chain", lambda _, accounts: bool(accounts)),
}
