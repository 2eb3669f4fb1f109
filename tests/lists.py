"""Flagged lists for tests: built in memory, OFAC's snapshot, and its XML written anew from it."""

import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from custody.screening.build import Summary, build
from custody.screening.entry import Entry, Source

#: In OFAC's XMR list stands a text of 64 hex digits that is no address.
NO_ADDRESS = "5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320"
NAMESPACE = "urn:example:exports/ADVANCED_XML"
#: An address of each kind that a list may name.
ONE_OF_EACH = (
    *("1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN", "LNf2JDiuunBz7GMDKFYHN4rq5meXWxiwfb"),
    *("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhq"),
    *("t1MMXtBrSp1XG38Lx9cePcNUCJj5vdWfUWL", "rnXyVQzgxZe7TR1EPzTkGj2jxH4LMJYh66"),
    *("0x098B716B8Aaf21512996dC57EB0615e2383E2f96", "ronin:098B716B8Aaf21512996dC57EB0615e2383E2f96"),
    *("TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq", "11111111111111111111111111111112", f"={NO_ADDRESS}"),
    "49HqitRzdnhYjgTEAhgGpCfsjdTeMbUTU6cyR4JV1R7k2Eej9rGT8JpFiYDa4tZM6RZiFrHmMzgSrhHEqpDYKBe5B2ufNsL",
)
SOURCE = Source("example", bytes(32), "2024-09-27")


def built(entries: Iterable[Entry | str], sources: Sequence[Source] = (SOURCE,)) -> bytes:
    """A built list of these entries or addresses."""
    return built_with_summary(entries, sources)[0]


def built_with_summary(
    entries: Iterable[Entry | str],
    sources: Sequence[Source] = (SOURCE,),
    unexplained: Callable[[str], object] | None = None,
) -> tuple[bytes, Summary]:
    out = io.BytesIO()
    rows = (Entry(one, 0, number) if isinstance(one, str) else one for number, one in enumerate(entries, 1))
    summary = build(rows, lambda: sources, out, io.BytesIO, unexplained)
    return out.getvalue(), summary


def ofac(shared: Path) -> list[tuple[str, str]]:
    """Symbol and address of every entry of the snapshot."""
    files = sorted((shared / "vectors/ofac").glob("sanctioned_addresses_*.txt"))
    return [(file.stem.rpartition("_")[2], address) for file in files for address in file.read_text("ascii").split()]


def marked(address: str) -> str:
    """As a list writes it."""
    return f"={address}" if address == NO_ADDRESS else address


def sdn_xml(rows: Sequence[tuple[str, str]], *, types: str = "", parties: str = "", head: str = "") -> bytes:
    """OFAC's SDN_ADVANCED.XML, as far as its structure is known, with a party for each symbol and address."""
    symbols = sorted({symbol for symbol, _ in rows})
    ids = {symbol: 344 + place for place, symbol in enumerate(symbols)}
    explained = "".join(
        f'<FeatureType ID="{ids[one]}" FeatureTypeGroupID="1">Digital Currency Address - {one}</FeatureType>'
        for one in symbols
    )
    listed = "".join(_party(20_000 + place, ids[symbol], address) for place, (symbol, address) in enumerate(rows))
    dated = "".join(_entry(20_000 + place) for place in range(len(rows)))
    return f"""<?xml version="1.0" encoding="utf-8" standalone="yes"?>
{head}<Sanctions xmlns="{NAMESPACE}" Version="2">
  <DateOfIssue CalendarTypeID="1"><Year>2024</Year><Month>9</Month><Day>27</Day></DateOfIssue>
  <ReferenceValueSets>
    <AliasTypeValues><AliasType ID="1403">Name</AliasType></AliasTypeValues>
    <FeatureTypeValues>
      <FeatureType ID="8" FeatureTypeGroupID="1">Birthdate</FeatureType>{explained}{types}
    </FeatureTypeValues>
  </ReferenceValueSets>
  <DistinctParties>{listed}{parties}</DistinctParties>
  <ProfileRelationships/>
  <SanctionsEntries>{dated}</SanctionsEntries>
</Sanctions>
""".encode()


def _party(number: int, feature_type: int, address: str) -> str:
    return f"""
    <DistinctParty FixedRef="{number}"><Comment />
      <Profile ID="{number}" PartySubTypeID="4">
        <Identity ID="{number}" FixedRef="{number}" Primary="true"><Alias FixedRef="{number}" AliasTypeID="1403">
          <DocumentedName ID="1"><DocumentedNamePart><NamePartValue>NOBODY</NamePartValue></DocumentedNamePart>
          </DocumentedName></Alias></Identity>
        <Feature ID="1" FeatureTypeID="8"><FeatureVersion ID="2" ReliabilityID="1560">
          <DatePeriod CalendarTypeID="1"><Start><From><Year>1960</Year><Month>3</Month><Day>15</Day></From></Start>
          </DatePeriod><VersionDetail DetailTypeID="1433" /></FeatureVersion></Feature>
        <Feature ID="3" FeatureTypeID="{feature_type}"><FeatureVersion ID="4" ReliabilityID="1560"><Comment />
          <VersionDetail DetailTypeID="1432">{escape(address)}</VersionDetail></FeatureVersion>
          <IdentityReference IdentityID="{number}" IdentityFeatureLinkTypeID="1" /></Feature>
      </Profile>
    </DistinctParty>"""


def _entry(profile: int) -> str:
    return f"""
    <SanctionsEntry ID="{profile}" ProfileID="{profile}" ListID="1550">
      <EntryEvent ID="1" EntryEventTypeID="1" LegalBasisID="1"><Comment />
        <Date CalendarTypeID="1"><Year>2022</Year><Month>4</Month><Day>14</Day></Date></EntryEvent>
      <SanctionsMeasure ID="2" SanctionsTypeID="1"><Comment>CYBER2</Comment></SanctionsMeasure>
    </SanctionsEntry>"""


def digest(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()
