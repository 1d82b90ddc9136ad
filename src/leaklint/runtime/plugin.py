"""The pytest plugin's front door: its options, and nothing else unless they are given.

`--leaklint` or `leaklint = true` in the configuration turns it on, and so does asking for what it gives. It imports the
machinery then, and the linter at the end of a run that leaked.
"""

from collections.abc import Sequence

import pytest

NAME = "leaklint-watch"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("leaklint", "resource leaks")
    group.addoption(
        "--leaklint", action="store_true", help="report what the tests open and never release, with the line and test"
    )
    group.addoption("--leaklint-report", metavar="FILE", help="write every leak to FILE as JSON (implies --leaklint)")
    group.addoption(
        "--leaklint-fail",
        choices=("new", "own", "any"),
        help="fail the run for leaks that are not in the baseline, that are first-party, or for any (implies --leaklint)",
    )
    parser.addini("leaklint", "report what the tests open and never release", type="bool", default=False)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: Sequence[str]) -> None:
    """Watch from before the first conftest.py."""
    _begin(early_config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Watch from here where this plugin is loaded late."""
    _begin(config)


def _begin(config: pytest.Config) -> None:
    options = vars(config.known_args_namespace) | vars(config.option)
    is_asked = any(options.get(name) for name in ("leaklint", "leaklint_report", "leaklint_fail"))
    if (is_asked or config.getini("leaklint")) and not config.pluginmanager.has_plugin(NAME):
        from leaklint.runtime.hooks import watched  # loads the machinery

        config.pluginmanager.register(watched(config), NAME)
