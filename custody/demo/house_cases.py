"""The scenes of the second chapter in words: the keys of everybody online are stolen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HouseCase:
    """One scene: ``title`` and ``lesson`` are for people."""

    name: str
    title: str
    lesson: str


APPROVED = HouseCase(
    "house-approved",
    "Two organisations approve, two officers confirm",
    "Tanaka makes a withdrawal. Ito of the exchange and Chiba of the trust company each sign a text that they can "
    "read. The signer builds that text again from the transaction itself, and finds all three signatures good. Two of "
    "the three officers read the screen and type its code.",
)
SWAPPED = HouseCase(
    "house-swapped",
    "The destination is swapped after approval",
    "As at DMM in 2024, where 4,502.9 bitcoin left: a withdrawal is approved honestly, and then the transaction and "
    "its record are replaced by others that pay the thief. The signatures are still those of Tanaka, Ito and "
    "Chiba, but not of this payment: it is refused before any officer is asked.",
)
APPROVED_ANEW = HouseCase(
    "house-approved-anew",
    "Every stolen key approves the thief",
    "Now the thief does it properly: a transaction, a travel-rule record and three signatures that all say the same, "
    "made with the keys of Tanaka, Ito and Chiba. Nothing contradicts anything. But the policy on the device pays "
    "known destinations only, and what is known there no computer outside can change by itself.",
)
LOOSENING = HouseCase(
    "house-loosening",
    "Compliance's stolen keys sign a policy without limits",
    "Two signatures of compliance are good, and prove nothing more than that somebody holds the keys. The signer "
    "compares the new policy with the one in force, and says of each limit what becomes possible, with an example. "
    "Suppose that two officers are deceived too, and agree: it waits for a day all the same.",
)
VETOED = HouseCase(
    "house-vetoed",
    "One officer stops it",
    "Twenty hours later Endo comes in, who was not there. Above every screen stands what waits, and how long still. "
    "She calls compliance on a number that she has had for long: nobody there has signed a policy. One officer is "
    "enough to throw it out.",
)
FROZEN = HouseCase(
    "house-frozen",
    "One officer freezes the device",
    "Whoever signed that policy holds keys of this house, so Abe freezes the device. From now on nothing is signed, "
    "not even the withdrawal that was approved honestly, before somebody swapped it. Only two officers together thaw "
    "the device, and that takes a day.",
)

#: In the order in which they are played.
CASES = (APPROVED, SWAPPED, APPROVED_ANEW, LOOSENING, VETOED, FROZEN)
