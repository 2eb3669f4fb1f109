"""Every clause, rule and reason has words in every language, and what a director reads is what the file says."""

import ast
import dataclasses
import re
import string
from collections.abc import Iterator
from pathlib import Path

import examples
import psbts
import pytest

from custody import chains
from custody.evm.tokens import TokenRegistry
from custody.policy.chain_policy import ChainPolicy, Tier
from custody.policy.clauses import (
    PROFILES,
    TIERS,
    Allowed,
    Escalation,
    Hours,
    ListAge,
    NewDestinations,
    OwnAccount,
    TravelRulePolicy,
)
from custody.policy.decision import CONCERNS, Requirement
from custody.policy.document import OriginatingVasp, Policy
from custody.policy.remedies import AGAINST, PEOPLE, REMEDIES
from custody.policy.words import LANGUAGES
from custody.policy.words.policy import SECTIONS, sections
from custody.screen import folded, printable
from custody.screening.address import decode_address
from custody.travel_rule.rates import ReferenceRate

COIN = chains.REGTEST.coin.asset_id
TWO = Requirement(2, "approver", 2)
BOUNDS = ("caps", "day_caps", "week_caps", "month_caps", "first_payments", "known_above", "signed_above", "to_hot_caps")
CHAIN = ChainPolicy(
    chain=chains.REGTEST,
    fee_cap=1_000,
    feerate_cap=50,
    fee_percent_cap=2,
    tiers=(Tier(COIN, 5_000, TWO),),
    **dict.fromkeys(BOUNDS, ((COIN, 10000),)),
)
ALLOWED = Allowed(chains.REGTEST, examples.PAYEE, "Partner", decode_address(examples.PAYEE))
OWN = OwnAccount("Hot one", "hot", chains.REGTEST, checksum="acdf2345")
RICH = Policy(
    house="Example Exchange KK",
    originating_vasp=OriginatingVasp("Example Exchange KK", "529900EXAMPLEHOUSE78"),
    chains=(CHAIN,),
    approvals=(TWO,),
    repeat_days=14,
    request_hours=12,
    network="refuse",
    travel_rule=TravelRulePolicy("jp", (ReferenceRate(COIN, "JPY", 15_000_000, 1_800_000_000),)),
    list_age=ListAge(168, 24),
    hours=Hours(540, (0, 1), 540, 1_080),
    new_destinations=NewDestinations(24, 180),
    allowlist=(ALLOWED,),
    own_accounts=(OWN,),
    escalations=(Escalation("duplicate", Requirement(1, "compliance", 1)),),
)
EVM_OWN = OwnAccount("Hot two", "hot", chains.ETHEREUM, address=examples.EVM_PAYEE)

# A value of each field that says something else than RICH does.
OTHER_CHAIN: dict[str, object] = {
    "chain": chains.SIGNET,
    "fee_cap": 1_001,
    "feerate_cap": 51,
    "fee_percent_cap": 3,
    "actions": ("payment",),
    "tiers": (Tier(COIN, 5_001, TWO),),
    **dict.fromkeys(BOUNDS, ((COIN, 10_001),)),
}
OTHER: dict[type, dict[str, object]] = {
    Policy: {
        "house": "Another",
        "originating_vasp": OriginatingVasp("Another", None),
        "chains": (),
        "approvals": (),
        "repeat_days": 0,
        "request_hours": 13,
        "network": "warn",
        "travel_rule": TravelRulePolicy("eu"),
        "list_age": None,
        "hours": None,
        "new_destinations": None,
        "allowlist": (),
        "own_accounts": (),
        "escalations": (),
    },
    ChainPolicy: OTHER_CHAIN,
    OriginatingVasp: {"name": "Another", "lei": None},
    TravelRulePolicy: {"profile": "us", "rates": ()},
    ReferenceRate: {"asset_id": chains.ETHEREUM.coin.asset_id, "currency": "USD", "price": 2, "valid_until": 3},
    ListAge: {"deny_after_hours": 169, "escalate_after_hours": None},
    Hours: {"offset": -570, "days": (2,), "start": 541, "end": 1_440},
    NewDestinations: {"cool_down_hours": 25, "forget_days": 181},
    Allowed: {"chain": chains.SIGNET, "address": examples.SECOND_PAYEE, "name": "Nobody", "program": None},
    OwnAccount: {
        "name": "Other",
        "tier": "cold",
        "chain": chains.SIGNET,
        "checksum": "zzzz2345",
        "address": None,
        "account": None,
    },
    Escalation: {"concern": "stale_list", "requirement": TWO},
    Tier: {"asset_id": examples.USDC.asset_id, "above": 1, "requirement": Requirement(1, "approver", 1)},
    Requirement: {"count": 3, "role": "compliance", "organisations": 1},
}
# What people need not read: the address says it, and the others of the three are tested by themselves.
UNTOLD = {(Allowed, "program"), (OwnAccount, "address"), (OwnAccount, "account")}


def told(policy: Policy, language: str = "en", tokens: bytes | None = None) -> list[str]:
    registry = TokenRegistry.parse(tokens) if tokens else TokenRegistry()
    parts = sections(policy, registry, LANGUAGES[language])
    return [line for part in parts for line in (part.title, *part.sentences)]


def replaced(value: object, kind: type, name: str) -> object:
    """The value with one field of each ``kind`` within it replaced."""
    if isinstance(value, tuple):
        return tuple(replaced(one, kind, name) for one in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    if type(value) is kind:
        return dataclasses.replace(value, **{name: OTHER[kind][name]})
    inner = {field.name: replaced(getattr(value, field.name), kind, name) for field in dataclasses.fields(value)}
    return dataclasses.replace(value, **inner) if any(inner[one] is not getattr(value, one) for one in inner) else value


@pytest.mark.parametrize("kind", OTHER, ids=lambda kind: kind.__name__)
def test_every_field_is_tried_here(kind: type) -> None:
    """A new field needs words in custody/policy/words, and a second value in OTHER of this test."""
    assert {field.name for field in dataclasses.fields(kind)} == OTHER[kind].keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in OTHER.items() for name in names if (kind, name) not in UNTOLD]
)
def test_every_field_of_a_policy_is_told(kind: type, name: str, language: str) -> None:
    other = replaced(RICH, kind, name)
    assert isinstance(other, Policy)
    assert other != RICH
    assert told(other, language) != told(RICH, language), f"{kind.__name__}.{name} has no words in {language}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_own_account_on_an_evm_network_is_told_by_its_address(language: str) -> None:
    assert any(
        examples.EVM_PAYEE in line for line in told(dataclasses.replace(RICH, own_accounts=(EVM_OWN,)), language)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_own_account_with_keys_elsewhere_is_told_by_its_descriptor(language: str) -> None:
    named = OwnAccount("Hot three", "hot", chains.REGTEST, account=psbts.TREASURY)
    lines = told(dataclasses.replace(RICH, own_accounts=(named,)), language)
    assert any(psbts.TREASURY.descriptor in line for line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_field_without_words_is_said_to_have_none(language: str) -> None:
    @dataclasses.dataclass(frozen=True)
    class Newer(Policy):
        weekdays: str = ""

    @dataclasses.dataclass(frozen=True)
    class NewerChain(ChainPolicy):
        contracts: str = ""

    def newer(cls: type, value: object) -> object:
        return cls(**{field.name: getattr(value, field.name) for field in dataclasses.fields(value)})  # type: ignore[arg-type]

    said = told(newer(Newer, dataclasses.replace(RICH, chains=(newer(NewerChain, CHAIN),))), language)  # type: ignore[arg-type]
    assert LANGUAGES[language].say("untold", field="weekdays") in said
    assert LANGUAGES[language].say("untold", field="contracts") in said
    assert not [line for line in told(RICH, language) if LANGUAGES[language].say("untold", field="")[1:] in line]


# The tables.


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("table", ["clauses", "rules", "codes", "remedies"])
def test_every_language_says_the_same_things(table: str) -> None:
    english, japanese = (getattr(LANGUAGES[name], table) for name in ("en", "ja"))
    assert english.keys() == japanese.keys(), f"custody/policy/words: {english.keys() ^ japanese.keys()}"
    assert [*english] == [*japanese], "the same order makes the tables easy to compare"
    for key in english:
        assert places(english[key]) == places(japanese[key]), key
        assert english[key].strip(), key
        assert japanese[key].strip(), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_sentence(language: str) -> None:
    """The reasons are those of docs/spec/codes.md: tests/unit/policy/test_remedies.py holds AGAINST to that page."""
    ours = {code for code, words in AGAINST.items() if words != ("forbidden",)}
    missing = ours - LANGUAGES[language].codes.keys()
    assert not missing, f"write a sentence in CODES of custody/policy/words/{language}_codes.py: {sorted(missing)}"
    assert LANGUAGES[language].codes.keys() <= {*AGAINST, "transaction"}


def rule_names(project: Path) -> Iterator[str]:
    """Every name that a class of rules has, and every rule that a reason names by itself."""
    for file in [*(project / "custody/policy").rglob("*.py"), *(project / "custody").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.AnnAssign(target=ast.Name(id="name"), value=ast.Constant(value=str(name))):
                    yield name
                case ast.Assign(targets=[ast.Name(id="_RULE")], value=ast.Constant(value=str(name))):
                    yield name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_a_sentence(language: str, project: Path) -> None:
    names = {*rule_names(project), "policy", "transaction", "approvals"}
    assert {"flagged_list", "cap_per_day", "request"} <= names
    missing = names - LANGUAGES[language].rules.keys()
    assert not missing, f"write a sentence in RULES of custody/policy/words/{language}_codes.py: {sorted(missing)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_list_has_words(language: str) -> None:
    words = LANGUAGES[language]
    assert words.remedies.keys() == REMEDIES.keys(), f"REMEDIES of custody/policy/words/{language}_codes.py"
    keys = {f"who.{who}" for who in PEOPLE} | {f"concern.{concern}" for concern in CONCERNS}
    keys |= {f"profile.{profile}" for profile in PROFILES} | {f"tier.{tier}" for tier in TIERS}
    assert keys <= words.clauses.keys(), f"CLAUSES of custody/policy/words/{language}.py"


def test_japanese_is_polite_throughout() -> None:
    """What remedies ask for and what rules hold are no sentences with a verb at their end; all else is polite."""
    japanese = LANGUAGES["ja"]
    told = [*japanese.clauses.values(), *japanese.codes.values()]
    assert [text for text in told if re.search("(する|した|である|だ|ない|れる|できる)\u3002", text)] == []
    assert sum("\u3059\u3002" in text or "\u305b\u3093\u3002" in text for text in told) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_fits_eighty_columns_and_is_visible(language: str) -> None:
    for line in told(RICH, language):
        assert printable(line) == line
        pieces = list(folded(f"  {line}", 4))
        assert all(sum(1 if sign.isascii() else 2 for sign in piece) <= 78 for piece in pieces)
        assert not [piece for piece in pieces[1:] if piece.strip()[0] in "\u3001\u3002\uff09\uff1a"]


# What a director reads.


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_policy_as_a_director_reads_it(language: str) -> None:
    golden = Path(__file__).with_name(f"rich_policy.{language}.txt").read_text("utf-8")
    assert told(RICH, language) == golden.splitlines()


def test_a_policy_of_nothing_says_what_that_means() -> None:
    bare = told(Policy.parse(examples.POLICY))
    for line in (
        "There is no bound for one day.",
        "A payment may go to any address that is not flagged, known to the house or not.",
        "No signature of the payee's exchange is asked for.",
        "No approval is asked for: one request that keeps to the rules is enough.",
        "No destination is on the list of those that the house knows.",
        "No difference is made between new payees and others.",
        "Withdrawals are signed at every hour of every day.",
        "The flagged list may be of any age, as long as its bundle is valid.",
    ):
        assert line in bare, line
    assert "A request outside the hours: it is refused." not in bare


def test_bounds_that_cannot_hold_say_so() -> None:
    idle = dataclasses.replace(RICH, new_destinations=None, own_accounts=())
    said = told(idle)
    assert "A bound of 0.00010000 rBTC for new payees stands here, but nothing says who is new." in said
    assert "A bound of 0.00010000 rBTC a day for own hot wallets stands here, but none is named." in said


def test_what_is_absent_is_told_only_where_it_matters() -> None:
    bare = dataclasses.replace(CHAIN, first_payments=(), to_hot_caps=())
    nothing = {"A new payee receives nothing.", "Nothing goes to the house's own hot wallets."}
    assert nothing <= {*told(dataclasses.replace(RICH, chains=(bare,)))}
    idle = dataclasses.replace(RICH, chains=(bare,), new_destinations=None, own_accounts=(EVM_OWN,))
    assert nothing.isdisjoint(told(idle))


def test_of_an_asset_that_is_not_paid_only_its_bounds_are_told() -> None:
    unpaid = dataclasses.replace(CHAIN, **dict.fromkeys(BOUNDS, ()) | {"day_caps": ((COIN, 10_000),)})  # type: ignore[arg-type]
    said = told(dataclasses.replace(RICH, chains=(unpaid,)))
    start = said.index("What may leave on regtest: rBTC")
    assert said[start + 1 : start + 4] == [
        "It is not paid.",
        "Within one day at most 0.00010000 rBTC leaves, payments and fees together.",
        "What holds for every transaction on regtest",
    ]


def test_a_bound_of_zero_is_told_as_what_it_is() -> None:
    zero = dataclasses.replace(CHAIN, known_above=((COIN, 0),), signed_above=((COIN, 0),), caps=((COIN, 0),))
    said = told(dataclasses.replace(RICH, chains=(zero,)))
    assert "It is not paid: its cap is zero." in said
    assert "Every payment, whatever its amount, goes only to a destination that the house knows." in said


def test_tokens_are_told_by_the_registry_and_in_base_units_without_it() -> None:
    policy = Policy.parse(examples.EVM_POLICY)
    assert "What may leave on anvil: token 0x5FbDB2315678afecb367f032d93F642f64180aa3" in told(policy)
    known = told(policy, tokens=examples.TOKENS)
    amount = "1,000,000,000,000,000.000000 TST (0x5FbDB2315678afecb367f032d93F642f64180aa3)"
    assert "What may leave on anvil: TST (0x5FbDB2315678afecb367f032d93F642f64180aa3)" in known
    assert f"The payments of one transaction are at most {amount} together." in known


def test_every_field_of_a_policy_has_a_place() -> None:
    placed = [field for group in SECTIONS.values() for field in group]
    assert sorted([*placed, "chains"]) == sorted(field.name for field in dataclasses.fields(Policy))
