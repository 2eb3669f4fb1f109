"""Policies and decisions in words: one table of templates for each language."""

from collections.abc import Mapping

from custody.policy.words.en import ENGLISH
from custody.policy.words.ja import JAPANESE
from custody.policy.words.language import Language

#: The languages there are, by ISO 639-1.
LANGUAGES: Mapping[str, Language] = {one.name: one for one in (ENGLISH, JAPANESE)}
