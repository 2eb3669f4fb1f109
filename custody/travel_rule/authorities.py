"""The registration authorities that IVMS101 C10 speaks of, as of the list that this program holds."""

from custody.codec import canonical_json
from custody.codec.schema import Fault, Many, Object, Text, need, read
from custody.travel_rule.data import package_data
from custody.travel_rule.layout import AUTHORITY, Day
from custody.travel_rule.sources import MAX_SOURCES, SOURCE

MAX_AUTHORITIES = 4_000
MAX_FILE_BYTES = 65_536

CODES = dict.fromkeys(Fault, "PROFILE-FILE")


def _authorities(as_of: str, codes: tuple[str, ...], **_others: object) -> tuple[str, frozenset[str]]:
    return as_of, frozenset(codes)


_FILE = Object(
    _authorities,
    {
        "as_of": need("as_of", shape=Day()),
        "title": need("title", shape=Text(200)),
        "note": need("note", shape=Text(1_000)),
        "sources": need("sources", shape=Many(SOURCE, 1, MAX_SOURCES)),
        "codes": need("codes", shape=Many(AUTHORITY, 1, MAX_AUTHORITIES)),
    },
)


def parse_authorities(text: bytes) -> tuple[str, frozenset[str]]:
    """Date of a list of authorities, and its codes.

    Raises:
        InputError: JSON-…, or a SchemaError with every fault under PROFILE-FILE.
    """
    value = canonical_json.loads_relaxed(text, limit=MAX_FILE_BYTES)
    found: tuple[str, frozenset[str]] = read(_FILE, value, CODES)
    return found


#: The day of the list, YYYY-MM-DD, and the codes on it. One that is not here may be on a later list.
AS_OF, AUTHORITIES = parse_authorities(package_data("registration_authorities.json"))
