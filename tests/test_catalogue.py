"""The catalogue's files, and its answers."""

import subprocess
import sys
from pathlib import Path

import pytest

from leaklint.catalogue import library, load
from leaklint.catalogue.library import Library
from leaklint.catalogue.loader import check_names
from leaklint.model.resource import Effect, With

FILES = library.paths()


def stem(path: Path) -> str:
    return path.stem


@pytest.fixture(params=FILES, ids=stem)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def entries(file: Path) -> Library:
    return library.read(file)


def test_every_file_is_read_and_names_only_what_is_known(entries: Library) -> None:
    catalogue = load()
    check_names(entries, catalogue)
    for summary in (*entries.constructors.values(), *entries.summaries.values()):
        for name in (summary.returns, summary.yields):
            assert name is None or name.startswith("builtins.") or catalogue.resource(name), (summary.name, name)
    for alias, name in entries.aliases.items():
        assert catalogue.canonical(alias) == name


def test_every_file_belongs_to_one_top_level_module(entries: Library, file: Path) -> None:
    names = {*entries.resources, *entries.summaries}
    assert {name.partition(".")[0] for name in names} <= {file.stem, "*"}
    assert all(alias.partition(".")[0] == file.stem for alias in entries.aliases)


def test_star_methods_hold_for_any_receiver() -> None:
    summary = load().any_method("enter_context")
    assert summary is not None
    assert summary.effects == {"cm": Effect.ENTERS}
    assert load().any_method("frobnicate") is None


def test_inherited_facts_are_merged() -> None:
    wrapped = load().resource("ssl.SSLSocket")
    assert wrapped is not None
    assert wrapped.releases == {"close"}
    assert wrapped.first_release == "close"
    assert wrapped.sync_with is With.RELEASES
    assert load().is_a("ssl.SSLSocket", "socket.socket")
    assert not load().is_a("socket.socket", "ssl.SSLSocket")


def test_what_is_computed_is_no_inherited_data() -> None:
    temporary, plain = load().resource("tempfile._TemporaryFileWrapper"), load().resource("io.IOBase")
    assert temporary is not None
    assert plain is not None
    assert plain.data - temporary.data == {"name"}


def test_a_users_table_replaces_what_is_computed() -> None:
    own = {"name": "tempfile._TemporaryFileWrapper", "extends": ["io.IOBase"], "release": ["close"]}
    below = {"name": "mylib.Scratch", "extends": ["tempfile._TemporaryFileWrapper"], "computed": ["mode"]}
    catalogue = load().extended([own, below], [], "pyproject.toml")
    base, derived = catalogue.resource("tempfile._TemporaryFileWrapper"), catalogue.resource("mylib.Scratch")
    assert base is not None
    assert derived is not None
    assert "name" in base.data
    assert base.data - derived.data == {"mode"}


def test_methods_are_found_on_what_a_type_extends() -> None:
    summary = load().method("pathlib.PosixPath", "open")
    assert summary is not None
    assert (summary.name, summary.acquires) == ("pathlib.Path.open", ("io.IOBase",))
    assert load().summary("pathlib.PosixPath.open") == summary


def test_aliases_lead_to_the_canonical_entry() -> None:
    catalogue = load()
    assert catalogue.resource("aiohttp.client.ClientSession") is catalogue.resource("aiohttp.ClientSession")
    assert catalogue.summary("io.open") == catalogue.summary("builtins.open")
    opened = catalogue.summary("redis.asyncio.client.Redis.from_url")
    assert opened is not None
    assert opened.acquires == ("redis.asyncio.Redis",)


def test_silent_constructors_give_the_type_and_acquire_nothing() -> None:
    summary = load().summary("io.BytesIO")
    resource = load().resource("io.BytesIO")
    assert summary is not None
    assert resource is not None
    assert (summary.acquires, summary.returns, resource.silent) == ((), "io.BytesIO", "memory only")


def test_parts_and_variants_of_a_process() -> None:
    resource, summary = load().resource("subprocess.Popen"), load().summary("subprocess.Popen")
    assert resource is not None
    assert summary is not None
    assert (resource.parts, resource.needs) == (("process", "pipes"), ("process",))
    assert resource.part_releases["stdout.close"] == "pipes"
    piped = [variant for variant in summary.variants if variant.needs]
    assert {variant.needs for variant in piped} == {("process", "pipes")}


def test_tuples_say_which_element_is_open() -> None:
    summary = load().method("socket.socket", "accept")
    assert summary is not None
    assert (summary.acquires, summary.is_tuple) == (("socket.socket", None), True)


def test_words_are_those_of_the_imported_modules_and_builtins() -> None:
    words = load().words(["sqlite3"])
    assert {"open", "connect", "Connection"} <= words
    assert "urlopen" not in words
    assert "get" in load().words(["requests"])
    assert "open" in load().words([])


def test_conventional_parameters_have_types() -> None:
    assert load().parameter_type("tmp_path") == "pathlib.Path"
    assert load().parameter_type("path") is None


def test_unknown_names_are_unknown() -> None:
    catalogue = load()
    assert catalogue.resource("nowhere.Thing") is None
    assert catalogue.summary("nowhere.thing") is None
    assert catalogue.summary("webbrowser.open") is None
    assert catalogue.method("nowhere.Thing", "close") is None


def test_the_catalogue_loads_neither_rewriter_nor_terminal() -> None:
    code = "import sys, leaklint.catalogue; print(sorted({'libcst', 'rich', 'click', 'flake8'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_small_module_costs_few_files() -> None:
    library.shipped.cache_clear()
    catalogue = load()
    catalogue.summary("builtins.open")
    catalogue.summary("socket.socket")
    assert library.shipped.cache_info().currsize <= 3
