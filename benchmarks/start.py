"""Time and memory of whole commands, from the shell's view: start, help, and the review of a small request.

The fastest of some runs by the clock, and the least processor time of the command with its children; memory is that
of its largest process. Goals: help 0.15 s, review 0.6 s. Bare Python stands beside them.

    python benchmarks/start.py
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import ceremonies
import evm
import examples

from custody.edge.frames import write_dest
from custody.evm.address import checksum_address
from custody.qr.ur import Message
from custody.times import rfc3339
from custody.wire.request import UR_TYPE, WithdrawalRequest

RUNS = 11
CUSTODY = str(Path(sys.executable).with_name("custody"))

# A process inherits its starter's peak memory: this small one starts, waits, and tells.
_STARTER = """
import json, os, sys, time
start = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
_, status, used = os.wait4(pid, 0)
print(json.dumps([time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, status]))
"""


def measure(name: str, *command: str) -> None:
    """Print the line of a command, which must succeed."""
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, *command]
    runs = [json.loads(subprocess.run(starter, capture_output=True, check=True).stdout) for _ in range(RUNS)]
    if any(status for *_, status in runs):
        raise SystemExit(f"{name} failed")
    clock, processor, memory = (min(column) for column in list(zip(*runs, strict=True))[:3])
    print(f"{name:46} {clock:7.2f} s {processor:7.2f} s {memory:7.0f} MiB")


def requests(home: Path) -> dict[str, WithdrawalRequest]:
    """A small request of each family, for a new home that allows both."""
    policy = examples.EVM_POLICY + examples.POLICY[examples.POLICY.index(b"[chains.regtest]") :]
    ceremonies.make_home(home, policy=policy)
    with ceremonies.open_home(home) as opened:
        opened.add_account(replace(evm.PRACTICE, name="practice"))
        bitcoin = ceremonies.request(ceremonies.export(opened))
    payment = replace(evm.COIN_PAYMENT, chain_number=evm.PRACTICE.chain.number)
    record = examples.record((0, checksum_address(payment.to), payment.value))
    ethereum = replace(
        bitcoin,
        account="practice",
        checksum=evm.PRACTICE.address(0),
        chain_id=evm.PRACTICE.chain.chain_id,
        kind="evm-transaction",
        transaction=payment.serialize(),
        travel_rule=examples.block(record),
    )
    return {"Bitcoin": bitcoin, "Ethereum": ethereum}


def main() -> None:
    """Print the table."""
    print(f"{'':46} {'clock':>9} {'processor':>9} {'memory':>11}")
    measure("python -c pass", sys.executable, "-c", "pass")
    measure("custody --help", CUSTODY, "--help")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "signer"
        for family, asked in requests(home).items():
            encoded = asked.serialize()
            file, codes = Path(folder) / f"{family}.request", Path(folder) / f"{family}.gif"
            file.write_bytes(encoded)
            write_dest(Message(UR_TYPE, encoded), str(codes))
            review = [CUSTODY, "signer", "review", "--home", str(home), "--at", rfc3339(ceremonies.NOW + 60)]
            size = f"{family}, {len(encoded):,} bytes"
            measure(f"signer review, {size}, file", *review, str(file))
            measure(f"signer review, {size}, QR codes", *review, str(codes))


if __name__ == "__main__":
    main()
