"""The program's own data files: part of the package, read once when it is loaded, never from the outside."""

import pkgutil

from custody.errors import InputError


def package_data(name: str) -> bytes:
    """The exact bytes of a file beside this module, such as ``profiles/jp.json``.

    Raises:
        InputError: PROFILE-FILE where the package does not have it.
    """
    try:
        found = pkgutil.get_data("custody.travel_rule", name)
    except OSError:
        found = None
    if found is None:
        raise InputError("PROFILE-FILE", f"The program's own file {name} is missing.", "Install the whole package.")
    return found
