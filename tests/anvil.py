"""A private Ethereum network: anvil, in a process of its own, on an address of this machine alone."""

import json
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ethereum_peers import eth_abi

PATIENCE = 30

_TOKEN = "@openzeppelin/contracts/build/contracts/ERC20PresetFixedSupply.json"
_BALANCE_OF = "0x70a08231"


class Refused(Exception):
    """What the node said no to."""


class Anvil:
    """A node that mines each transaction at once."""

    def __init__(self, binary: Path, chain_number: int, folder: Path) -> None:
        folder.mkdir()
        self.chain_number = chain_number
        self._told = folder / "told.txt"
        command = [str(binary), "--host", "127.0.0.1", "--port", "0", "--chain-id", str(chain_number)]
        with self._told.open("wb") as out:
            self._child = subprocess.Popen(command, stdout=out, stderr=out, env={"HOME": str(folder)}, cwd=folder)
        self._port = 0

    def __enter__(self) -> Self:
        try:
            self._port = _patiently(self._listens_on)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a JSON-RPC call.

        Raises:
            Refused: with the node's message.
        """
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        return answer["result"]

    def number(self, method: str, *params: Any) -> int:
        """A result that is a quantity."""
        return int(self.ask(method, *params), 16)

    def receipt(self, transaction_id: str) -> dict[str, Any]:
        """The receipt, once the transaction is in a block."""
        return dict(_patiently(lambda: self.ask("eth_getTransactionReceipt", transaction_id)))

    def balance(self, address: str) -> int:
        """Base units of the coin."""
        return self.number("eth_getBalance", address, "latest")

    def nonce(self, address: str) -> int:
        """How many transactions the address has sent."""
        return self.number("eth_getTransactionCount", address, "latest")

    def give(self, address: str, amount: int) -> None:
        """Sets a balance."""
        self.ask("anvil_setBalance", address, hex(amount))

    def deploy_token(self, packages: Path, owner: str, supply: int) -> str:
        """The address of a new ERC-20 token, all of it the owner's."""
        bytecode = json.loads((packages / _TOKEN).read_text())["bytecode"]
        types = ["string", "string", "uint256", "address"]
        arguments = eth_abi.encode(types, ["Test Dollar", "TUSD", supply, owner]).hex()
        unlocked, *_ = self.ask("eth_accounts")
        sent = self.ask("eth_sendTransaction", {"from": unlocked, "data": bytecode + arguments})
        receipt = self.receipt(sent)
        assert receipt["status"] == "0x1"
        return str(receipt["contractAddress"])

    def token_balance(self, token: str, address: str) -> int:
        """Base units of the token, as its contract tells."""
        calldata = _BALANCE_OF + eth_abi.encode(["address"], [address]).hex()
        return self.number("eth_call", {"to": token, "data": calldata}, "latest")

    def _end(self) -> None:
        self._child.kill()
        self._child.wait()

    def _listens_on(self) -> int:
        assert self._child.poll() is None, self._told.read_text()
        _, found, port = self._told.read_text().partition("Listening on 127.0.0.1:")
        return int(port.split()[0]) if found and port.endswith("\n") else 0


def _patiently(attempt: Any) -> Any:
    """What an attempt gives, once it gives something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := attempt()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.02)
    return found
