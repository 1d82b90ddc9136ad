"""Tables that users write: what they add, and the messages for those that are written wrongly."""

from pathlib import Path

import pytest

from leaklint.catalogue import Catalogue, CatalogueError, library, load, schema
from leaklint.catalogue.library import DATA


def user(*resources: dict[str, object], summaries: tuple[dict[str, object], ...] = ()) -> Catalogue:
    return load().extended(resources, summaries, "pyproject.toml")


def test_a_users_tables_extend_the_catalogue() -> None:
    catalogue = user(
        {"name": "mylib.Channel", "aliases": ["mylib.core.Channel"], "release": ["hang_up"], "with": "releases"},
        {"name": "mylib.Tunnel", "extends": ["mylib.Channel", "socket.socket"]},
        summaries=({"name": "mylib.dial", "acquires": "mylib.core.Channel"},),
    )
    tunnel, dialled = catalogue.resource("mylib.Tunnel"), catalogue.summary("mylib.dial")
    assert tunnel is not None
    assert dialled is not None
    assert tunnel.releases == {"hang_up", "close"}
    assert tunnel.first_release == "hang_up"
    assert dialled.acquires == ("mylib.Channel",)
    assert {"dial", "Channel", "Tunnel"} <= catalogue.words([])
    assert load().resource("mylib.Channel") is None


def test_a_users_table_wins_over_ours() -> None:
    catalogue = user({"name": "socket.socket", "silent": "ours are pooled"})
    resource = catalogue.resource("socket.socket")
    assert resource is not None
    assert resource.silent == "ours are pooled"


RESOURCE = 'pyproject.toml: [[tool.leaklint.resource]] "a.B": '
SUMMARY = 'pyproject.toml: [[tool.leaklint.summary]] "a.b": '


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"relase": ["x"]}, RESOURCE + "relase: unknown key; did you mean release?"),
        ({"release": "x"}, RESOURCE + 'release: expected a list of strings, got "x"'),
        ({"release": ["x", 1]}, RESOURCE + "release: expected a list of strings, got 1"),
        ({"with": "closes"}, RESOURCE + 'with: expected "releases" or "keeps", got "closes"'),
        ({"loop-bound": "late"}, RESOURCE + 'loop-bound: expected "construction" or "first-use", got "late"'),
        ({"loop": "yes"}, RESOURCE + 'loop: expected true or false, got "yes"'),
        ({"label": ["x"]}, RESOURCE + "label: expected a string, got a list"),
        ({"label": ""}, RESOURCE + 'label: expected a string, got ""'),
        ({"part-releases": []}, RESOURCE + "part-releases: expected a table of strings, got a list"),
        ({"parts": ["x"], "needs": ["y"]}, RESOURCE + 'needs: expected one of parts (x), got "y"'),
        ({"extends": ["q.Z"]}, RESOURCE + 'extends: no resource "q.Z"; describe it in a resource table'),
        ({"when": {}}, RESOURCE + "when: expected an array of tables, got a table"),
        (
            {"when": [{"takes": ["x"]}]},
            RESOURCE + "when 1: arguments: missing; expected a table such as { stream = true }",
        ),
        ({"when": [{"argument": {}}]}, RESOURCE + "when 1: argument: unknown key; did you mean arguments?"),
        (
            {"when": [{"arguments": {"x": 1.5}}]},
            RESOURCE
            + "when 1: arguments: expected a literal, a dotted name, <given>, <absent>, <stream> or <unknown>, got a float",
        ),
        (
            {"name": "B"},
            'pyproject.toml: [[tool.leaklint.resource]] "B": name: expected a dotted name such as "library.Type"',
        ),
        ({"name": 3}, "pyproject.toml: [[tool.leaklint.resource]] 1: name: expected a string, got 3"),
    ],
)
def test_wrong_resource_tables_are_named(table: dict[str, object], message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        user({"name": "a.B", **table})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"acquire": "io.IOBase"}, SUMMARY + "acquire: unknown key; did you mean acquires?"),
        ({"acquires": 3}, SUMMARY + "acquires: expected a string or a list of strings, got 3"),
        ({"acquires": "q.Z"}, SUMMARY + 'acquires: no resource "q.Z"; describe it in a resource table'),
        ({"takes": True}, SUMMARY + "takes: expected a list of strings, got true"),
        ({"coroutine": 1}, SUMMARY + "coroutine: expected true or false, got 1"),
    ],
)
def test_wrong_summary_tables_are_named(table: dict[str, object], message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        user(summaries=({"name": "a.b", **table},))
    assert str(caught.value) == message


def test_a_table_without_a_name_is_numbered() -> None:
    with pytest.raises(CatalogueError) as caught:
        user({"name": "a.B"}, {"release": ["close"]})
    assert str(caught.value) == "pyproject.toml: [[tool.leaklint.resource]] 2: name: missing; expected a dotted name"


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "spam.toml"
    path.write_text("[[resourse]]\n", encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        library.read(path)
    assert str(caught.value) == "spam.toml: resourse: unknown key; did you mean resource?"
    path.write_text("name =\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"^spam\.toml: Invalid value"):
        library.read(path)


def test_the_schema_page_names_every_key() -> None:
    page = (DATA / "SCHEMA.md").read_text(encoding="utf-8")
    keys = schema.RESOURCE_KEYS | schema.SUMMARY_KEYS | schema.WHEN_KEYS | schema.FILE_KEYS
    assert not [key for key in sorted(keys) if f"`{key}`" not in page]
