"""OFAC's SDN_ADVANCED.XML: every address of a digital currency in it, read in one pass.

Python's expat is told to refuse what XML is attacked with: a document type, and with it every entity. Depth, length of
a token and of a text are bounded, so memory does not grow with the file.
"""

import re
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from custody.errors import InputError
from custody.screening.entry import check_date
from custody.screening.networks import MAX_ADDRESS

MAX_XML_BYTES = 2_147_483_648
MAX_DEPTH = 64
MAX_TOKEN = 1_048_576
MAX_ADDRESSES = 200_000
MAX_TEXT = 1_000

#: The symbols that OFAC has used. They only say that this version was seen to read such addresses.
SYMBOLS = frozenset(
    {
        *("ARB", "BCH", "BSC", "BSV", "BTG", "DASH", "ETC", "ETH", "LTC", "SOL", "TRX", "USDC", "USDT", "XBT", "XMR"),
        *("XRP", "XVG", "ZEC"),
    }
)

_CHUNK = 65_536
# What expat would take for another encoding, whatever it is told: two marks, and < beside a zero.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_NAMESPACES = ("/ADVANCED_XML", "/sanctions/1.0")
_CURRENCY = "Digital Currency Address - "
_TYPE = ["Sanctions", "ReferenceValueSets", "FeatureTypeValues", "FeatureType"]
_FEATURE = ["Sanctions", "DistinctParties", "DistinctParty", "Profile", "Feature"]
_ADDRESS = [*_FEATURE, "FeatureVersion", "VersionDetail"]
_ISSUED = ["Sanctions", "DateOfIssue"]
_EVENT = ["Sanctions", "SanctionsEntries", "SanctionsEntry", "EntryEvent", "Date"]
_DAY = ("Year", "Month", "Day")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Designated:
    """An address, the number of the party that it belongs to, and the symbol that it is filed under."""

    address: str
    party: str
    symbol: str
    profile: str


@dataclass(frozen=True, slots=True)
class Sdn:
    """What the file holds: when it was issued, its addresses, and since when each profile is on the list."""

    issued: str
    addresses: tuple[Designated, ...]
    since: dict[str, str]


def read_sdn(file: BinaryIO, accepted: frozenset[str] = frozenset()) -> Sdn:
    """The addresses of digital currencies in a file of OFAC's advanced XML.

    Args:
        accepted: further symbols, beyond `SYMBOLS`.

    Raises:
        InputError: SOURCE-XML for what is no such file, or not whole; SOURCE-SYMBOL names a symbol that is not known;
            SOURCE-EMPTY where it holds no address.
    """
    reader = _Reader(SYMBOLS | accepted)
    fed = 0
    try:
        while chunk := file.read(_CHUNK):
            fed += len(chunk)
            reader.feed(chunk, fed)
        return reader.finish()
    except expat.ExpatError as error:
        message = f"The XML is not well-formed or not whole, at line {error.lineno}."
        raise InputError("SOURCE-XML", message, "Fetch it again.") from error


@dataclass(slots=True)
class _Party:
    """The element that is being read, as far as its attributes matter."""

    party: str = ""
    profile: str = ""
    symbol: str | None = None
    found: int = 0
    entry: str = ""


@dataclass(slots=True)
class _Reader:
    symbols: frozenset[str]
    path: list[str] = field(default_factory=list)
    namespace: str = ""
    types: dict[str, str | None] = field(default_factory=dict)
    at: _Party = field(default_factory=_Party)
    text: list[str] | None = None
    type_id: str = ""
    day: dict[str, str] = field(default_factory=dict)
    issued: str = ""
    addresses: list[Designated] = field(default_factory=list)
    profiles: set[str] = field(default_factory=set)
    since: dict[str, str] = field(default_factory=dict)
    parser: expat.XMLParserType = field(init=False)

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate("UTF-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = _no_doctype
        self.parser.EntityDeclHandler = _no_doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters

    def feed(self, chunk: bytes, fed: int) -> None:
        if fed == len(chunk) and chunk[:2] in _UTF_16:
            raise _form("it is not UTF-8")
        self.parser.Parse(chunk, False)
        if fed > MAX_XML_BYTES or fed - self.parser.CurrentByteIndex > MAX_TOKEN + _CHUNK:
            raise _form(f"it is larger than {MAX_XML_BYTES:,} bytes, or one tag than {MAX_TOKEN:,}")

    def finish(self) -> Sdn:
        self.parser.Parse(b"", True)
        if not self.addresses:
            raise InputError("SOURCE-EMPTY", "The XML holds no address of a digital currency.", "Is it the SDN list?")
        return Sdn(self.issued, tuple(self.addresses), self.since)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.text is not None:
            raise _form("an element stands in a text")
        namespace, _, local = name.rpartition(" ")
        if not self.path:
            self.namespace = namespace
            if local != "Sanctions" or not namespace.endswith(_NAMESPACES):
                raise _form("its root is not OFAC's")
        if namespace != self.namespace or len(self.path) >= MAX_DEPTH:
            raise _form("an element is of another namespace, or too deep")
        self.path.append(local)
        self.opened(local, attributes)

    def opened(self, local: str, attributes: dict[str, str]) -> None:
        match local:
            case "FeatureType" if self.path == _TYPE:
                self.type_id, self.text = _identity(attributes, "ID"), []
            case "DistinctParty":
                self.at = _Party(party=_identity(attributes, "FixedRef"))
            case "Profile":
                self.at.profile = _identity(attributes, "ID")
            case "Feature":
                self.feature(_identity(attributes, "FeatureTypeID"))
            case "VersionDetail" if self.at.symbol is not None:
                if self.path != _ADDRESS:
                    raise _form("an address stands where none is expected")
                self.text = []
            case "SanctionsEntry":
                self.at = _Party(entry=_identity(attributes, "ProfileID"))
            case "Date" | "DateOfIssue":
                self.day = {}
            case "Year" | "Month" | "Day" if self.path[:-1] in (_ISSUED, _EVENT):
                self.text = []

    def feature(self, type_id: str) -> None:
        if type_id not in self.types:
            raise _form(f"a feature is of type {type_id}, which it does not explain before")
        self.at.symbol, self.at.found = self.types[type_id], 0
        if self.at.symbol is not None and self.path != _FEATURE:
            raise _form("an address stands where none is expected")

    def characters(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)
            if sum(map(len, self.text)) > MAX_TEXT:
                raise _form(f"a text is longer than {MAX_TEXT:,} characters")

    def end(self, name: str) -> None:
        local, text = self.path[-1], "".join(self.text or ()).strip()
        captured, self.text = self.text is not None, None
        match name.rpartition(" ")[2]:
            case "FeatureType" if captured:
                self.explained(text)
            case "VersionDetail" if captured:
                self.found(text)
            case "Feature":
                self.ended()
            case "DateOfIssue" if self.path == _ISSUED:
                self.issued = self.date()
            case "Date" if self.path == _EVENT and self.at.entry in self.profiles:
                self.since.setdefault(self.at.entry, self.date())
            case _ if captured:
                self.day[local] = text
        self.path.pop()

    def explained(self, text: str) -> None:
        if self.type_id in self.types:
            raise _form(f"feature type {self.type_id} is explained twice")
        if "digital currency" not in text.lower():
            self.types[self.type_id] = None
            return
        symbol = text.removeprefix(_CURRENCY)
        if symbol not in self.symbols:
            hint = "See in the file whether this version reads such addresses; --symbol takes it then."
            raise InputError("SOURCE-SYMBOL", f"The XML has addresses of a kind that is not known: {text}.", hint)
        self.types[self.type_id] = symbol

    def found(self, text: str) -> None:
        symbol = self.at.symbol or ""
        if not text or len(text) > MAX_ADDRESS or len(self.addresses) == MAX_ADDRESSES:
            raise _form(f"party {self.at.party} has an address that is empty or too long, or there are too many")
        self.addresses.append(Designated(text, self.at.party, symbol, self.at.profile))
        self.profiles.add(self.at.profile)
        self.at.found += 1

    def ended(self) -> None:
        if self.at.symbol is not None and not self.at.found:
            raise _form(f"party {self.at.party} has a digital currency without an address")
        self.at.symbol = None

    def date(self) -> str:
        year, month, day = (self.day.get(part, "") for part in _DAY)
        text = f"{year:0>4}-{month:0>2}-{day:0>2}"
        try:
            check_date(text)
        except InputError as error:
            raise _form(f"{text} is no date") from error
        return text


def _identity(attributes: dict[str, str], name: str) -> str:
    value = attributes.get(name, "")
    if not _NUMBER.fullmatch(value):
        raise _form(f"an element lacks its {name}")
    return value


def _no_doctype(*_: object) -> None:
    raise _form("it has a document type, which could hold entities")


def _form(what: str) -> InputError:
    return InputError("SOURCE-XML", f"The XML is not OFAC's advanced list: {what}.", "Fetch it again, whole.")
