"""`leaklint check PATH...` without options, as the command line does it but without click."""

import os
import sys

from leaklint.batch import WorkerDied
from leaklint.commands.check import run
from leaklint.commands.scope import Scope, Trouble, complain, soften_streams
from leaklint.config import ConfigError


def check(paths: tuple[str, ...]) -> int:
    """Check the paths, print, and give the exit status."""
    soften_streams()
    try:
        return run(Scope(paths))
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
