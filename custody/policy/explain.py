"""A decision in words, for whoever has to act on it (docs/spec/policy-words.md)."""

from collections.abc import Iterator

from custody.codec.canonical_json import Json
from custody.policy.decision import Decision, Outcome, Reason, Requirement
from custody.policy.remedies import PEOPLE, remedies
from custody.policy.words import LANGUAGES
from custody.policy.words.language import Language

_ENGLISH = LANGUAGES["en"]


def render(decision: Decision, language: str = "en") -> str:
    """The decision as plain lines: reason by reason what was judged, seen and required, and what that rests on.

    Then what more people answer for, who is asked, and what would make the request pass. What rules observed is told
    as the log keeps it, in English.
    """
    words = LANGUAGES[language]
    return "\n".join([_heading(decision, words), *_reasons(decision, words), *told_remedies(decision, words)])


def asks(requirement: Requirement) -> str:
    """``2 approvers of 2 organisations``."""
    return _ENGLISH.asks(requirement)


def people(requirement: Requirement) -> str:
    """``2 approvers``, ``no approver``."""
    return _ENGLISH.people(requirement)


def remedies_json(decision: Decision, language: str = "en") -> list[Json]:
    """What would make the request pass, as canonical JSON values."""
    words = LANGUAGES[language]
    return [one.as_json(words.remedies[one.word]) for one in remedies(decision)]


def told_remedies(decision: Decision, words: Language) -> Iterator[str]:
    """What would make the request pass, by who can do it; nothing where it passes."""
    told = remedies(decision)
    if not told:
        return
    yield ""
    yield words.say("remedies.refused" if told[0].who == PEOPLE[0] else "remedies")
    before = ""
    for one in told:
        if one.who != before:
            yield f"   {words.say(f'who.{one.who}')}"
        before = one.who
        yield f"   - {words.remedies[one.word]} ({', '.join(one.codes)})"


def _reasons(decision: Decision, words: Language) -> Iterator[str]:
    for number, reason in enumerate(decision.reasons, 1):
        yield words.say("decision.reason", number=number, code=reason.code, rule=reason.rule)
        yield from _paragraph(reason, words)
    asked = words.all_of(map(words.asks, decision.requirements))
    for concern in decision.concerns:
        yield words.say("decision.concern", code=concern.code, rule=concern.rule)
        yield from _paragraph(concern, words)
        yield f"   {words.say('decision.answered', people=asked or words.say('decision.nobody'))}"
    if asked:
        yield words.say("decision.asks", people=asked)


def _heading(decision: Decision, words: Language) -> str:
    reasons = words.count("reason", len(decision.reasons))
    concerns = ".concerns" if decision.outcome is Outcome.ALLOW and decision.concerns else ""
    return words.say(f"decision.{decision.outcome}{concerns}", reasons=reasons)


def _paragraph(reason: Reason, words: Language) -> Iterator[str]:
    meaning = words.codes.get(reason.code, words.codes["transaction"] if reason.rule == "transaction" else "")
    if meaning:
        yield f"   {meaning}"
    if rule := words.rules.get(reason.rule):
        yield f"   {words.say('decision.rule')} {rule}"
    for name in ("fact", "observed", "required", "evidence"):
        if value := getattr(reason, name):
            yield f"   {words.say(f'decision.{name}')} {value}"
