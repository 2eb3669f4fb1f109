"""The only program at the device's console: takes the signer's commands, a line each, and nothing else.

Threat: a shell for whoever stands at the keyboard. A line is words for `custody signer`; it reaches no other program.
Arguments name the only commands that are taken; without them, each is.
"""

import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence

COMMAND = [sys.executable, "-I", "/usr/lib/custody/custody.py", "signer"]


def run(line: str, only: Sequence[str] = ()) -> bool:
    """Run one line; whether to go on. Commands that are not in ``only`` are not taken, where it names any."""
    try:
        words = shlex.split(line)
    except ValueError:
        print("A quotation mark is open.")
        return True
    if words == ["off"]:
        return False
    if words and only and words[0] not in only:
        print(f"Here are only: {', '.join(only)}, and off.")
    elif words:
        subprocess.run([*COMMAND, *(["--help"] if words == ["help"] else words)], check=False)
    return True


def main() -> None:
    """Serve until somebody types off. Ctrl-C is for the command that runs."""
    signal.signal(signal.SIGINT, lambda *_: None)
    only = sys.argv[1:]
    print(f"\nOffline signer. Type a command ({', '.join(only) or 'help lists them'}), or off.")
    while True:
        try:
            line = input("signer> ")
        except EOFError:
            sys.exit(1)
        if not run(line, only):
            return


if __name__ == "__main__":
    main()
