"""The command: what the script `faceannot` calls, and `python -m faceannot`."""

from __future__ import annotations

import os
import signal


def main() -> int:
    """Run the command and give its exit code, or raise `SystemExit` with it."""
    # Importing takes a moment, and Ctrl-C in it would show a traceback; `exit_codes` takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Python files that lie among somebody's photos must not be run by the processes that write copies.
    os.environ["PYTHONSAFEPATH"] = "1"
    from faceannot.cli.app import app

    app()
    return 0


# Processes that write copies import this module again under another name; only the command itself may run.
if __name__ == "__main__":
    raise SystemExit(main())
