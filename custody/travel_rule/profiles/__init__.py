"""The jurisdictions that this program knows: their files, read when it is loaded."""

from custody.errors import UsageError
from custody.travel_rule.data import package_data
from custody.travel_rule.profile import Profile

#: The jurisdiction of a policy, or of a question, that names none.
DEFAULT = "jp"

PROFILES = {name: Profile.parse(package_data(f"profiles/{name}.json")) for name in ("eu", "fatf", "jp", "us")}


def profile(name: str) -> Profile:
    """A jurisdiction by its word.

    Raises:
        UsageError: PROFILE-UNKNOWN.
    """
    found = PROFILES.get(name)
    if found is None:
        raise UsageError("PROFILE-UNKNOWN", "There is no such profile.", f"The profiles are {', '.join(PROFILES)}.")
    return found
