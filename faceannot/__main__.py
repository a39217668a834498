"""`python -m faceannot`: the command without its script."""

from faceannot.cli.app import main

# Worker processes import this module again under another name; only the command itself may run.
if __name__ == "__main__":
    raise SystemExit(main())
