"""Where a fact in the program's data comes from."""

from dataclasses import dataclass

from custody.codec.schema import ANY_SCRIPT, Object, Text, need

MAX_SOURCES = 16

WORDS = Text(1_000, ANY_SCRIPT, "letters without control or invisible characters")


@dataclass(frozen=True, slots=True)
class Source:
    """A text that was read: its ``title``, and ``where`` it stands."""

    title: str
    where: str


SOURCE = Object(Source, {"title": need("title", shape=WORDS), "where": need("where", shape=WORDS)})
