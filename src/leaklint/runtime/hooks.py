"""The hooks of a watched run: who is at work, when scopes end, and what is told at the end of it all."""

import re
from collections.abc import Generator

import pytest

from leaklint.model.data import replace
from leaklint.model.leak import Leak, LeakReport
from leaklint.runtime.leaks_file import leak_object, read_leaks, write
from leaklint.runtime.origins import Maker
from leaklint.runtime.owners import owners
from leaklint.runtime.watch import Watch, begin, stop

OUTPUT = "leaklint"  # the key of a worker's leaks
SET_UP = re.compile(r"_(?:unittest|xunit)_(\w+?)_fixture")  # how pytest calls the fixtures that it makes of set-ups
Wrapper = Generator[None, object, None]


class Watched:
    """The plugin of one run."""

    def __init__(self, watch: Watch, config: pytest.Config) -> None:
        self._watch = watch
        self._config = config
        self._makers: dict[object, Maker] = {}  # of the fixtures that are set up
        self._ended: list[Maker] = []
        self._leaks: list[Leak] = []
        self._new: tuple[Leak, ...] = ()  # what no baseline knows
        self._troubles: list[str] = []

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Wrapper:
        """Let a test be at work, and look at what it and its fixtures left open."""
        origins, ledger = self._watch.ledger.origins, self._watch.ledger
        self._watch.tellers.look()
        outside, maker = origins.maker, Maker(item.nodeid, None, "function")
        origins.maker = maker
        yield
        origins.maker = outside
        for one in (maker, *self._ended):
            ledger.end(one)
        self._ended.clear()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: "pytest.FixtureDef[object]") -> Wrapper:
        """Let a fixture be at work."""
        origins = self._watch.ledger.origins
        outside = origins.maker
        found = SET_UP.match(fixturedef.argname)
        maker = Maker(outside.test, found[1] if found else fixturedef.argname, fixturedef.scope)
        origins.maker = self._makers[fixturedef] = maker
        yield
        origins.maker = outside

    def pytest_fixture_post_finalizer(self, fixturedef: "pytest.FixtureDef[object]") -> None:
        """Note the end of a fixture."""
        maker = self._makers.pop(fixturedef, None)
        if maker is not None:
            self._ended.append(maker)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Wrapper:
        """Gather the leaks, when everybody else is done."""
        yield
        ledger = self._watch.ledger
        for one in self._ended:
            ledger.end(one)
        self._leaks += ledger.close()
        stop(self._watch)
        output: dict[str, object] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[OUTPUT] = [leak_object(leak) for leak in self._leaks]
            return
        self._write()
        if self._leaks or self._config.getoption("leaklint_fail") == "new":
            self._ask_baseline(session)
        if session.exitstatus == pytest.ExitCode.OK and self._fails():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take the leaks of a worker."""
        output: dict[str, object] = getattr(node, "workeroutput", None) or {}
        about: dict[str, object] = getattr(node, "workerinput", None) or {}
        leaks = read_leaks(output.get(OUTPUT, []), "worker")
        self._leaks += [replace(leak, worker=str(about.get("workerid"))) for leak in leaks]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell what leaked."""
        if self._leaks or self._troubles:
            from leaklint.runtime.summary import lines  # loads the linter, as above

            terminalreporter.section("leaklint", sep="=")
            found = lines(self._report(), self._new) if self._leaks else ()
            for line in (*self._troubles, *found):
                terminalreporter.write_line(line)
            if any(not leak.is_intended for leak in self._new):
                path = self._config.getoption("leaklint_report")
                first = "" if path else "run with --leaklint-report=leaks.json, then "
                terminalreporter.write_line(f"what to do about each: {first}leaklint triage {path or 'leaks.json'}")

    def pytest_unconfigure(self) -> None:
        """Put everything back where the run ended before it began."""
        stop(self._watch)

    def _report(self) -> LeakReport:
        return LeakReport(str(self._config.rootpath), tuple(self._leaks))

    def _write(self) -> None:
        path = self._config.getoption("leaklint_report")
        if path:
            write(self._config.invocation_params.dir / path, self._report())

    def _ask_baseline(self, session: pytest.Session) -> None:
        from leaklint.config import ConfigError  # loads the linter, for a run that leaked
        from leaklint.runtime.known import unknown

        try:
            self._new = unknown(self._report())
        except ConfigError as error:
            self._new = tuple(self._leaks)
            self._troubles.append(f"leaklint: {error}")
            if session.exitstatus == pytest.ExitCode.OK:  # failed tests stay the news
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _fails(self) -> bool:
        match self._config.getoption("leaklint_fail"):
            case "any":
                return any(not leak.is_intended for leak in self._leaks)
            case "own":
                return any(leak.frames and not leak.is_intended for leak in self._leaks)
            case "new":
                return any(not leak.is_intended for leak in self._new)
        return False


def watched(config: pytest.Config) -> Watched:
    """Begin to watch a run, and give the plugin that tells of it."""
    return Watched(begin(str(config.rootpath), owners(config.rootpath)), config)
