"""What docs/deployment.md describes: the image, compose.yaml and the units of systemd hold together and are closed.

Docker and systemd are not needed: the files are read as text, and the health check is run.
"""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from click.shell_completion import shell_complete

from distributor.cli.main import COMMANDS, main
from distributor.newsroom import open_newsroom

CHECKOUT = Path(__file__).parents[2]
PACKAGING = CHECKOUT / "packaging"
PAGE = (CHECKOUT / "docs" / "deployment.md").read_text(encoding="utf-8")
UNITS = ("distributor.service", "distributor-web.service", "distributor-worker@.service")


# -- the source distribution -------------------------------------------------------------------------------------------


def test_the_source_distribution_has_all_of_the_checkout_but_what_git_ignores() -> None:
    commands = [line.split() for line in (CHECKOUT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()]
    taken = {name for command, *names in commands if command in ("include", "graft") for name in names}
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    by_itself = {"distributor", *project["tool"]["setuptools"]["package-dir"].values()}
    by_itself |= {"MANIFEST.in", "LICENSE", "README.md", "pyproject.toml"}
    ignored = (CHECKOUT / ".gitignore").read_text(encoding="utf-8").split()
    ours = {name for name in _at_the_top() if not name.startswith(".") and not name.endswith(".egg-info")}
    assert ours - by_itself - {one.strip("/") for one in ignored} == taken
    private = {one.strip("/") for one in ignored if "/" in one.strip("/")}
    assert private == {name for command, *names in commands if command == "exclude" for name in names}


def _at_the_top() -> set[str]:
    """What git has at the top of the checkout; where there is no git, what lies there."""
    if not (CHECKOUT / ".git").exists() or not shutil.which("git"):
        return {one.name for one in CHECKOUT.iterdir()}
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True, text=True
    )
    return {name.split("/")[0] for name in listed.stdout.split("\0") if name}


# -- the image ---------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = (PACKAGING / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines()) if word]


def told(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def test_everything_that_the_image_copies_is_there_and_reaches_the_builder() -> None:
    ignored = (PACKAGING / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {name for rest in told("COPY") if "--from" not in rest for name in rest.split()[:-1]}
    assert copied == allowed
    assert [name for name in copied if not (CHECKOUT / name).exists()] == []
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"distributor", *project["tool"]["setuptools"]["package-dir"].values()} <= copied


def test_the_image_has_pinned_bases_no_shell_and_a_user_who_is_not_root() -> None:
    bases = [rest.split()[0] for rest in told("FROM")]
    assert len(bases) == 2
    assert {bool(re.fullmatch(r"python:3\.\d+-slim-\w+", base)) for base in bases} == {True}
    commands = [
        *told("RUN"),
        *told("ENTRYPOINT"),
        *told("CMD"),
        *(one.partition("CMD ")[2] for one in told("HEALTHCHECK")),
    ]
    for command in commands:
        assert not {"sh", "bash", "-c"} & set(json.loads(command))
    (user,) = told("USER")
    assert 0 not in map(int, user.split(":"))
    last = {name: place for place, (name, _) in enumerate(instructions())}
    assert last["RUN"] < last["USER"] < last["ENTRYPOINT"]
    installs = [json.loads(one) for one in told("RUN") if '"install", "--no-cache-dir"' in one or '"wheel"' in one]
    assert len(installs) == 4
    assert all({"--require-hashes", "--no-index", "--no-deps"} & set(one) for one in installs)


def versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_image_has_the_versions_of_the_tests() -> None:
    tested = versions(CHECKOUT / "requirements-dev.lock")
    shipped = versions(PACKAGING / "requirements.lock") | versions(PACKAGING / "build.lock")
    assert {name: tested.get(name) for name in shipped} == shipped
    assert set(versions(CHECKOUT / "requirements.lock")) <= set(shipped)
    assert {"psycopg", "cryptography", "uvloop", "setuptools"} <= set(shipped)


@pytest.fixture
def answering() -> Iterator[Callable[[int], int]]:
    """A server that answers with a status, and its port."""
    running = []

    def serve(status: int) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server.server_port

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (404, True), (421, True), (500, False), (503, False)])
def test_the_health_check_believes_every_answer_but_a_fault(
    answering: Callable[[int], int], status: int, healthy: bool
) -> None:
    assert health(answering(status)) is healthy


def test_who_does_not_answer_is_not_healthy() -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_port
    server.server_close()
    assert not health(port)


@pytest.mark.parametrize("port", ["http", "-1", "0", "65536", "8080 ", "８０８０", "", "9" * 5000])
def test_a_port_that_is_none_gets_one_line(port: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("DISTRIBUTOR_HEALTH_PORT", port)
    main = runpy.run_path(str(PACKAGING / "healthcheck.py"))["main"]
    main.__globals__["is_healthy"] = lambda port: port == 8080
    said = main(), capsys.readouterr().err
    if port.strip() in ("", "8080"):
        assert said == (0, "")
    else:
        assert said[0] == 1
        assert said[1].count("\n") == 1
        assert "is no port" in said[1]


def health(port: int) -> bool:
    found = runpy.run_path(str(PACKAGING / "healthcheck.py"))["is_healthy"]
    return cast("Callable[[int], bool]", found)(port)


# -- compose -----------------------------------------------------------------------------------------------------------


def compose() -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load((PACKAGING / "compose.yaml").read_text(encoding="utf-8")))


def test_every_service_is_pinned_watched_and_open_to_this_machine_alone() -> None:
    services = compose()["services"]
    assert set(services) == {"distributor", "postgres", "relay"}
    for name, service in services.items():
        assert "build" in service or re.search(r":v?\d", service["image"]), name
        assert "build" in service or "healthcheck" in service, name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
    app = services["distributor"]
    assert (app["read_only"], app["cap_drop"]) == (True, ["ALL"])
    assert set(app["depends_on"]) == {"postgres", "relay"}
    assert app["command"][0] in COMMANDS


def test_volumes_are_named_and_files_are_there() -> None:
    known, services = compose()["volumes"], compose()["services"]
    for volume in (one for service in services.values() for one in service.get("volumes", ())):
        source = volume.partition(":")[0]
        assert (PACKAGING / source).is_file() if source.startswith(".") else source in known
    assert (PACKAGING / services["distributor"]["build"]["context"]).resolve() == CHECKOUT


def test_secrets_come_from_the_environment_file_alone() -> None:
    names = re.findall(r"^#? ?([A-Z_]+)=(.*)$", (PACKAGING / "secrets.env.example").read_text(), re.MULTILINE)
    assert {value for _, value in names} == {""}
    for service in compose()["services"].values():
        secrets = {key: value for key, value in service.get("environment", {}).items() if "PASSWORD" in key}
        for key, value in secrets.items():
            assert value.startswith(f"${{{key}:")
            assert key in dict(names)
    assert "/packaging/secrets.env\n" in (CHECKOUT / ".gitignore").read_text()


def test_the_newsroom_of_compose_is_right_and_knows_its_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "matkhau")
    newsroom = open_newsroom(PACKAGING / "newsroom.yaml")
    assert newsroom.faults == ()
    services = compose()["services"]
    assert newsroom.settings.store.url == "postgresql+psycopg://distributor:matkhau@postgres/distributor"
    assert newsroom.settings.web is not None
    assert newsroom.settings.web.listen.endswith(services["distributor"]["ports"][0].rpartition(":")[2])
    assert getattr(newsroom.channels["mail"], "host") in services  # noqa: B009


# -- systemd -----------------------------------------------------------------------------------------------------------


def unit(name: str) -> dict[str, list[str]]:
    """The settings of a unit: a key may stand several times, so no configparser."""
    found: dict[str, list[str]] = {}
    for line in (PACKAGING / "systemd" / name).read_text(encoding="utf-8").splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_started_again_whatever_happens_and_is_not_root(name: str) -> None:
    settings = unit(name)
    assert (settings["Restart"], settings["StartLimitIntervalSec"]) == (["always"], ["0"])
    assert settings["User"] == ["distributor"]
    assert settings["ReadWritePaths"] == settings["WorkingDirectory"] == ["/srv/newsroom"]
    assert (settings["ProtectSystem"], settings["CapabilityBoundingSet"]) == (["strict"], [""])
    program, command = settings["ExecStart"][0].split()[:2]
    assert (program, command in COMMANDS) == ("/opt/distributor/bin/distributor", True)
    # Others of the same user would lose what they share in memory; the lease of a process names the boot (/proc/sys).
    assert not {"RemoveIPC", "ProcSubset"} & set(settings)


def test_a_worker_is_closed_as_the_pages_are() -> None:
    one, other = unit("distributor-web.service"), unit("distributor-worker@.service")
    assert {key for key in one | other if one.get(key) != other.get(key)} == {
        "Description", "Environment", "ExecStart", "TimeoutStopSec"
    }  # fmt: skip


def test_both_units_are_closed_alike_and_the_pages_are_served_once() -> None:
    one, other = (unit(name) for name in UNITS[:2])
    assert {key for key in one | other if one.get(key) != other.get(key)} == {
        "Description", "ExecStart", "TimeoutStopSec"
    }  # fmt: skip
    assert unit("distributor.service.d/no-web.conf")["ExecStart"] == ["", f"{one['ExecStart'][0]} --no-web"]


# -- the page ----------------------------------------------------------------------------------------------------------


def test_what_the_page_names_is_there() -> None:
    assert [name for name in re.findall(r"packaging/[\w./-]+\w", PAGE) if not named(name)] == []
    for command in re.findall(r"(?:bin/|sudo -u distributor |^|`|    )distributor ([a-z]+)", PAGE, re.MULTILINE):
        assert command in COMMANDS, command


def named(name: str) -> bool:
    return (CHECKOUT / name).exists() or name == "packaging/secrets.env"


@pytest.mark.parametrize(
    "shell", re.findall(r"^    _DISTRIBUTOR_COMPLETE=(\w+)_source distributor", PAGE, re.MULTILINE)
)
def test_each_shell_that_the_page_names_completes_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    for task in ("source", "complete"):
        words = {"COMP_WORDS": "distributor sub", "COMP_CWORD": "sub" if shell == "fish" else "1"}
        with pytest.MonkeyPatch.context() as environment:
            for name, value in words.items():
                environment.setenv(name, value)
            assert shell_complete(main, {}, "distributor", "_DISTRIBUTOR_COMPLETE", f"{shell}_{task}") == 0
        said = capsys.readouterr().out
        assert ("_DISTRIBUTOR_COMPLETE" if task == "source" else "subscribers") in said
