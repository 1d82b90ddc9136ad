"""The way in, for `leaklint` and `python -m leaklint` alike.

`leaklint check FILE...` is what editors and hooks run on every save; without options it needs no click, the import of
which costs more than the linting of a small file. All else is the command line's.
"""

import os
import sys

from leaklint.batch import WorkerDied
from leaklint.commands import check
from leaklint.commands.scope import Scope, Trouble, complain, soften_streams
from leaklint.config import ConfigError


def main() -> None:
    """Run the command that the arguments name, and exit."""
    command, *paths = sys.argv[1:] or ("",)
    if command == "check" and not any(path.startswith("-") for path in paths):
        sys.exit(plain_check(tuple(paths)))
    from leaklint.cli import main as command_line

    command_line(prog_name="leaklint")


def plain_check(paths: tuple[str, ...]) -> int:
    """Check as the command line does where there are no options, and give the exit status."""
    soften_streams()
    try:
        return check.run(Scope(paths))
    except (ConfigError, Trouble, WorkerDied) as error:
        complain(f"leaklint: {error}")
        return 2
    except KeyboardInterrupt:
        complain("\nAborted!")
        return 1
    except BrokenPipeError:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # else Python complains when it flushes, at its end
        return 1


if __name__ == "__main__":
    main()
