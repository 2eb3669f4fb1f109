"""A record that says all that any jurisdiction of this program asks for, of people who do not exist."""

import json
from typing import Any

from custody.policy.document import OriginatingVasp
from custody.review import Output
from custody.travel_rule.record import canonical_block

#: Identifiers with good check digits: of a house that names none, of another house, of the receiving VASP.
HOUSE_LEI, OTHER_LEI, PAYEE_LEI = ("5299000PROVERHOUSE86", "5299000PROVEROTHER67", "5299000PROVERPAYEE70")

_PAYEE_VASP = "Receiving Exchange Ltd"
_LEGAL = {"naturalPersonNameIdentifierType": "LEGL"}


def complete_block(output: Output, house: OriginatingVasp) -> bytes:
    """The travel-rule block for one payment, from this house."""
    covered = {"index": output.index, "address": output.address, "amount": str(output.amount)}
    beneficiary = _person("Smith", "Alex") | {"accountNumber": [output.address]}
    originator = _resident_of_japan() | {"accountNumber": ["customer-0001"]}
    record = {
        "outputs": [covered | {"asset": output.asset.asset_id}],
        "ivms101": {
            "payloadMetadata": {"payloadVersion": "101.2023"},
            "originator": {"originatorPerson": [originator]},
            "beneficiary": {"beneficiaryPerson": [beneficiary]},
            "originatingVASP": {"originatingVASP": _company(house.name, house.lei or HOUSE_LEI, "JP")},
            "beneficiaryVASP": {"beneficiaryVASP": _company(_PAYEE_VASP, PAYEE_LEI, "GB")},
        },
        "counterparty": {"name": _PAYEE_VASP, "lei": PAYEE_LEI, "jurisdiction": "GB"},
        "notice": {"protocol": "trp", "reference": "notice-0001", "time": "2026-01-01T00:00:00Z"},
    }
    return canonical_block(json.dumps([record]).encode())


def _person(family: str, given: str) -> dict[str, Any]:
    name = {"primaryIdentifier": family, "secondaryIdentifier": given} | _LEGAL
    address = {
        "addressType": "HOME",
        "streetName": "Marunouchi",
        "buildingNumber": "1-1",
        "postcode": "100-0005",
        "townName": "Chiyoda",
        "country": "JP",
    }
    return {
        "naturalPerson": {
            "name": {"nameIdentifier": [name]},
            "geographicAddress": [address],
            "customerIdentification": "customer-0001",
            "dateAndPlaceOfBirth": {"dateOfBirth": "1980-01-01", "placeOfBirth": "Tokyo"},
            "countryOfResidence": "JP",
        }
    }


def _resident_of_japan() -> dict[str, Any]:
    person = _person("Tanaka", "Hanako")
    name: dict[str, Any] = person["naturalPerson"]["name"]
    name["localNameIdentifier"] = [{"primaryIdentifier": "田中", "secondaryIdentifier": "花子"} | _LEGAL]
    name["phoneticNameIdentifier"] = [{"primaryIdentifier": "タナカ", "secondaryIdentifier": "ハナコ"} | _LEGAL]
    return person


def _company(name: str, lei: str, country: str) -> dict[str, Any]:
    return {
        "legalPerson": {
            "name": {"nameIdentifier": [{"legalPersonName": name, "legalPersonNameIdentifierType": "LEGL"}]},
            "nationalIdentification": {"nationalIdentifier": lei, "nationalIdentifierType": "LEIX"},
            "countryOfRegistration": country,
        }
    }
