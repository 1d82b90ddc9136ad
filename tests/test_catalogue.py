"""The catalogue's facts against the installed libraries, and its answers."""

import inspect
import io
import pkgutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from leaklint.catalogue import library, load
from leaklint.catalogue.library import DATA, Library
from leaklint.catalogue.loader import check_names
from leaklint.model.resource import Effect, Resource, Summary, With

FILES = sorted((*DATA.glob("*.toml"), *DATA.glob("stdlib/*.toml")))

# Standard library names that exist on other platforms, or in other versions than the running one.
ELSEWHERE = {
    "asyncio.ProactorEventLoop",
    "asyncio.windows_events.ProactorEventLoop",
    "asyncio.windows_events.SelectorEventLoop",
    "multiprocessing.connection.PipeConnection",
    "os.memfd_create",
    "os.pidfd_open",
    "os.pipe2",
    "select.devpoll",
    "select.epoll",
    "select.kqueue",
    "selectors.DevpollSelector",
    "selectors.EpollSelector",
    "selectors.KqueueSelector",
    "socket.fromshare",
    "dbm.gnu.open",
    "dbm.ndbm.open",
    "ssl.wrap_socket",  # removed in 3.12
    "importlib.abc.Traversable",  # removed in 3.14
    "importlib.resources.abc.Traversable",  # importlib.abc before 3.11
    "urllib.request.URLopener",  # removed in 3.14
    "urllib.request.FancyURLopener",
    "urllib.request.URLopener.open",
    "unittest.mock.ThreadingMock",
    *("mistralai.Mistral", "moviepy.editor.VideoFileClip", "moviepy.editor.AudioFileClip"),  # until 2.0
}

# What is awaited though no `async def` shows it: it returns an awaitable, mostly one that `async with` takes too.
AWAITABLE = {
    *(f"aiohttp.{kind}.close" for kind in ("BaseConnector", "UnixConnector", "NamedPipeConnector")),
    *(f"aiohttp.ClientSession.{verb}" for verb in ("get", "delete", "head", "options", "patch", "post", "put")),
    "aiohttp.ClientSession.request",
    "aiohttp.ClientSession.ws_connect",
    *(f"aiofiles.tempfile.{kind}" for kind in ("NamedTemporaryFile", "SpooledTemporaryFile", "TemporaryFile")),
    *("aiofiles.threadpool.open", "aiofiles.base.AsyncBase.close"),
    *("aiomysql.connect", "aiomysql.create_pool", "aiomysql.Pool.acquire"),
    *("aiopg.connect", "aiopg.connection.connect", "aiopg.create_pool", "aiopg.pool.Pool.acquire"),
    "aiosqlite.connect",
    *("asyncmy.connect", "asyncmy.create_pool"),
    *("asyncpg.create_pool", "asyncpg.Pool.acquire"),
    *("oracledb.connect_async", "oracledb.AsyncConnectionPool.acquire"),
    "sqlalchemy.ext.asyncio.AsyncEngine.connect",
    *("tornado.websocket.websocket_connect", "tornado.iostream.IOStream.connect"),
    "websockets.asyncio.client.connect",
    "websockets.asyncio.client.unix_connect",
    "websockets.asyncio.server.serve",
    "websockets.asyncio.server.unix_serve",
}

# Names that an instance has and its class does not.
OF_INSTANCES = {
    "codecs.StreamReaderWriter.close": "its __getattr__ asks the stream",
    "multiprocessing.context.BaseContext.Process": "each context has its own",
    "multiprocessing.managers.BaseManager.shutdown": "start() sets it",
    "multiprocessing.managers.SharedMemoryManager.shutdown": "the same",
    "multiprocessing.managers.SyncManager.shutdown": "the same",
    "ZODB.DB": "the class hides its module",
    "ZODB.FileStorage.FileStorage": "the same",
    "aiofiles.base.AsyncBase.close": "what it is made of delegates it",
    "ldap3.core.connection.Connection.open": "its strategy gives it",
    "psutil.Popen.communicate": "it asks its process",
    "os._wrap_close.read": "its __getattr__ asks the stream",
    "requests.Response.content": "a property",
}

# Libraries' own traps: there is an `__enter__` or `__aenter__`, and it does not work.
BROKEN_WITH = {
    "aiohttp.ClientSession": "its __enter__ raises TypeError",
    "aiohttp.BaseConnector": "its __enter__ is deprecated",
    "aiohttp.TCPConnector": "the same",
    "aiohttp.UnixConnector": "the same",
    "aiohttp.NamedPipeConnector": "the same",
    "aiohttp.test_utils.BaseTestServer": "its __enter__ raises TypeError",
    "aiohttp.test_utils.TestServer": "the same",
    "aiohttp.test_utils.RawTestServer": "the same",
    "aiohttp.test_utils.TestClient": "the same",
    "aiomysql.Pool": "its __enter__ raises RuntimeError",
    "aiopg.pool.Pool": "its __enter__ raises RuntimeError",
    **dict.fromkeys((f"azure.eventhub.aio.EventHub{kind}Client" for kind in ("Producer", "Consumer")), "it raises TypeError"),
    **dict.fromkeys(("confluent_kafka.Consumer", "confluent_kafka.DeserializingConsumer"), "only from 2.10 on"),
    **dict.fromkeys(("cv2.VideoCapture", "cv2.VideoWriter"), "only from 5.0 on"),
    **dict.fromkeys(("kafka.KafkaConsumer", "kafka.KafkaProducer", "kafka.KafkaAdminClient"), "only from 3.0 on"),
    **dict.fromkeys(("pycurl.Curl", "pycurl.CurlMulti", "pymilvus.AsyncMilvusClient"), "not in older versions"),
    "sqlalchemy.pool.PoolProxiedConnection": "only from 2.1 on",
    "ollama.Client": "its __aexit__ awaits None",
    "ollama.AsyncClient": "its __exit__ does not await close()",
}


def stem(path: Path) -> str:
    return path.stem


@pytest.fixture(params=FILES, ids=stem)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def entries(file: Path) -> Library:
    return library.read(file)


def resolve(name: str) -> object:
    """Give the object with a dotted name; raises LookupError where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: object = pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        raise LookupError(name) from None
    return found


def is_expected(name: str, since: str | None, file: Path) -> bool:
    """Say whether a name should exist in what is installed."""
    if name in ELSEWHERE or name in OF_INSTANCES or name.startswith(("*.", "winreg.")):
        return False
    if file.parent != DATA and since is not None:
        return sys.version_info[:2] >= tuple(int(part) for part in since.split("."))
    return True


def import_library(file: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(file.stem, exc_type=ImportError)


def written(entries: Library) -> Iterator[Resource | Summary]:
    yield from (resource for resource in entries.resources.values() if not resource.is_virtual)
    yield from entries.summaries.values()


def classes(entries: Library, file: Path) -> Iterator[tuple[Resource, object]]:
    """Give the resources of a file that are classes here, with inherited facts, and the classes."""
    catalogue = load()
    for name, own in entries.resources.items():
        resource = catalogue.resource(name)
        if resource is not None and not own.is_virtual and is_expected(name, own.since, file):
            yield resource, resolve(name)


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


def test_names_exist(entries: Library, file: Path) -> None:
    import_library(file)
    missing = []
    for entry in written(entries):
        if is_expected(entry.name, entry.since, file):
            try:
                resolve(entry.name)
            except LookupError:
                missing.append(entry.name)
    assert not missing


def test_aliases_are_the_same_object(entries: Library, file: Path) -> None:
    import_library(file)
    for alias, name in entries.aliases.items():
        known = entries.resources.get(name) or entries.summaries.get(name)
        if known and is_expected(alias, known.since, file) and is_expected(name, known.since, file):
            assert resolve(alias) == resolve(name), (alias, name)


def test_methods_exist(entries: Library, file: Path) -> None:
    import_library(file)
    for resource, cls in classes(entries, file):
        methods = resource.releases | resource.async_releases | resource.drains | resource.lazy | resource.opened_by
        methods |= {resource.waits} if resource.waits else set()
        own = entries.resources[resource.name]
        kinds = (io.TextIOWrapper, io.BufferedRandom) if cls is io.IOBase else (cls,)
        for method in (methods | own.fails_after_release) - {"*"}:
            name = f"{resource.name}.{method}"
            assert name in OF_INSTANCES or any(hasattr(kind, method) for kind in kinds), name


def test_releases_are_coroutines_where_it_says_so(entries: Library, file: Path) -> None:
    import_library(file)
    for resource, cls in classes(entries, file):
        for method in resource.releases:
            assert not is_coroutine(cls, method), f"{resource.name}.{method} is a coroutine"
        for method in resource.async_releases | ({resource.waits} if resource.waits else set()):
            name = f"{resource.name}.{method}"
            assert is_coroutine(cls, method) or name in AWAITABLE, f"{name} is no coroutine"


def is_coroutine(cls: object, method: str) -> bool:
    function = getattr(cls, method, None)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__wrapped__", None))


def test_calls_are_awaited_where_it_says_so(entries: Library, file: Path) -> None:
    import_library(file)
    for name, summary in entries.summaries.items():
        if is_expected(name, summary.since, file) and name not in AWAITABLE:
            owner, _, last = name.rpartition(".")
            assert is_coroutine(resolve(owner), last) == summary.is_coroutine, name


def test_with_is_there_where_it_says_so(entries: Library, file: Path) -> None:
    import_library(file)
    for resource, cls in classes(entries, file):
        if resource.silent is None and resource.name not in BROKEN_WITH:
            assert (resource.sync_with is With.ABSENT) != hasattr(cls, "__enter__"), f"with {resource.name}"
            assert (resource.async_with is With.ABSENT) != hasattr(cls, "__aenter__"), f"async with {resource.name}"


def test_parameters_exist(entries: Library, file: Path) -> None:
    import_library(file)
    catalogue = load()
    for name in (*entries.constructors, *entries.summaries):
        known = entries.resources.get(name) or entries.summaries[name]
        summary = catalogue.any_method(name[2:]) if name.startswith("*.") else catalogue.summary(name)
        assert summary is not None
        if is_expected(name, known.since, file):
            check_parameters(summary, resolve(name))


def check_parameters(summary: Summary, target: object) -> None:
    try:
        signature = inspect.signature(target)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return
    receivers = ("cls",) if "self" in summary.parameters else ("self", "cls")
    parameters = [parameter for parameter in signature.parameters.values() if parameter.name not in receivers]
    kinds = {parameter.kind for parameter in parameters}
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        assert len(places) >= len(summary.parameters), f"{summary.name}{signature}"
    for place, name in zip(places, summary.parameters, strict=False):
        # the name of a positional-only parameter is nobody's business, and changes from version to version
        assert place.kind is place.POSITIONAL_ONLY or place.name == name, f"{summary.name}{signature}"
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        effects = {*summary.effects, *(name for variant in summary.variants for name in variant.effects)}
        tested = {name for variant in summary.variants for name, _ in variant.condition.arguments}
        unknown = (effects | tested) - {"*", "self", *summary.parameters, *(parameter.name for parameter in parameters)}
        assert not unknown, f"{summary.name}{signature}"


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
