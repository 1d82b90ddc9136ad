"""The way in, for `leaklint` and `python -m leaklint` alike.

`leaklint check FILE...` is what editors and hooks run on every save; without options it needs no click, the import of
which costs more than the linting of a small file. All else is the command line's.
"""

import gc
import sys


def main() -> None:
    """Run the command that the arguments name, and exit."""
    gc.disable()  # a small run ends before it has garbage to speak of; one over many files collects by itself
    command, *paths = sys.argv[1:] or ("",)
    if command == "check" and not any(path.startswith("-") for path in paths):
        from leaklint.commands import plain

        status = plain.check(tuple(paths))
        gc.freeze()  # else Python would look at all there is once more before it ends
        sys.exit(status)
    from leaklint.cli import main as command_line

    command_line(prog_name="leaklint")


if __name__ == "__main__":
    main()
