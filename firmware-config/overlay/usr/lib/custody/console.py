"""The only program at the device's console: takes the signer's commands, a line each, and nothing else.

Threat: a shell for whoever stands at the keyboard. A line is words for `custody signer`; it reaches no other program.
"""

import shlex
import signal
import subprocess
import sys

COMMAND = [sys.executable, "-I", "/usr/lib/custody/custody.py", "signer"]


def run(line: str) -> bool:
    """Run one line; whether to go on."""
    try:
        words = shlex.split(line)
    except ValueError:
        print("A quotation mark is open.")
        return True
    if words == ["off"]:
        return False
    if words:
        subprocess.run([*COMMAND, *(["--help"] if words == ["help"] else words)], check=False)
    return True


def main() -> None:
    """Serve until somebody types off. Ctrl-C is for the command that runs."""
    signal.signal(signal.SIGINT, lambda *_: None)
    print("\nOffline signer. Type a command (help lists them), or off.")
    while True:
        try:
            line = input("signer> ")
        except EOFError:
            sys.exit(1)
        if not run(line):
            return


if __name__ == "__main__":
    main()
