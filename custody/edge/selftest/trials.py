"""What is tried by doing it: libraries, signatures, jails, log."""

import importlib
from hashlib import sha256

from custody.audit.log import Log
from custody.edge.disk import LogFiles
from custody.edge.entropy import kernel_random
from custody.edge.selftest.guarantee import Guarantee, Machine, NotHeld
from custody.vault.secrets import DeviceSecrets

_LIBRARIES = (
    *("wallycore", "coincurve", "nacl", "Crypto", "bip_utils"),
    *("zxingcpp", "PIL", "qrcode", "gnupg", "pyseccomp"),
)
_SECRET = bytes(31) + b"\x01"
_TEXT = "CUSTODY/SELF-TEST"
_ORIGIN = "self-test"


def _libraries(_: Machine) -> str:
    for name in _LIBRARIES:
        importlib.import_module(name)
    return " ".join(_LIBRARIES)


def _signatures(_: Machine) -> str:
    import wallycore

    from custody.bitcoin import first_signer, second_signer

    public = bytes(wallycore.ec_public_key_from_private_key(_SECRET))
    digest, other = sha256(_TEXT.encode()).digest(), sha256(b"another").digest()
    first, second = (one.sign_low_r(_SECRET, digest) for one in (first_signer, second_signer))
    if first != second:
        raise NotHeld("the two builds of libsecp256k1 sign differently")
    if not second_signer.verify(public, digest, first) or second_signer.verify(public, other, first):
        raise NotHeld("a signature is not verified as it should")
    return "two builds of libsecp256k1 agree"


def _pictures(_: Machine) -> str:
    from custody.edge.decoder import JailedDecoder
    from custody.qr import render, symbol

    picture = render.png(symbol.encode([_TEXT])[0])
    with JailedDecoder() as decoder:
        texts = [text for frame in decoder.decode(picture) for text in frame]
    if texts != [_TEXT]:
        raise NotHeld("a QR code was misread")
    return "a QR code was read in it"


def _openpgp(_: Machine) -> str:
    from custody.edge.gpg import JailedGpg

    with JailedGpg() as gpg:
        gpg.start()
    return "gpg runs in it"


def _log(machine: Machine) -> str:
    secrets = DeviceSecrets.make(kernel_random(128))
    files, key = LogFiles(machine.scratch / "log"), secrets.log_key(_ORIGIN)
    now = int(machine.now)
    entry = Log.create(files, key, secrets.sealer).append("torn", private={"bytes": 0, "digest": 64 * "0"}, time=now)
    again = Log.open(files, key, secrets.sealer, now)
    if again.size != 1 or again.entries[0] != entry:
        raise NotHeld("an entry that was written is not there")
    return "an entry was written, synced and read back"


GUARANTEES = (
    Guarantee("libraries", "the libraries of the product load", _libraries),
    Guarantee("signatures", "two libraries sign alike, and verify", _signatures),
    Guarantee("picture-jail", "pictures are decoded in a jail", _pictures),
    Guarantee("openpgp-jail", "signatures of people are verified in a jail", _openpgp),
    Guarantee("log", "the log is durable", _log),
)
