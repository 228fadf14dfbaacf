"""`distributor dkim`: it makes a key and shows its record."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor.cli.main import _run
from distributor.mail.dkim import DkimSigner, sign_message
from mail.dkim_receiver import unsigned, verdicts
from support.newsroom import Done


@dataclass
class Command:
    """`distributor dkim` in a folder; there need be no newsroom in it yet."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Done:
        self.capsys.readouterr()
        code = _run(["-c", str(self.folder / "config.yaml"), "dkim", *arguments])
        said = self.capsys.readouterr()
        return Done(code, said.out, said.err)

    def good(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.code, bool(done.out)) == (0, True), done
        return done.out


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


@pytest.mark.parametrize("more", [[], ["--ed25519"], ["--bits", "1024"]], ids=" ".join)
def test_the_command_makes_a_key_whose_record_checks_its_signatures(command: Command, more: list[str]) -> None:
    said = command.good("bacson.example", "2026x", *more).splitlines()
    file = command.folder / "dkim-2026x.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    value = next(line for line in said if line.startswith("  value  ")).removeprefix("  value  ")
    zone = next(line for line in said if " IN TXT ( " in line)
    strings = zone.partition("( ")[2].removesuffix(" )")[1:-1].split('" "')
    assert "".join(strings) == value
    assert max(map(len, strings)) <= 255
    signed = sign_message([DkimSigner.load("bacson.example", "2026x", file)], unsigned())
    assert verdicts(signed, {"2026x._domainkey.bacson.example.": value}) == [True]
    assert f"  value  {value}" in command.good("bacson.example", "2026x", "--show").splitlines()


def test_the_command_never_touches_a_key_that_is_there(command: Command) -> None:
    file = command.folder / "mine.pem"
    file.write_text("mine")
    done = command.run("bacson.example", "2026x", "--ed25519", "--output", str(file))
    assert (done.code, file.read_text()) == (2, "mine")
    assert done.err == f"error: {file} exists already: nothing was changed (--show shows its record)\n"


def test_wrong_usage_is_one_line_and_leaves_no_file(command: Command) -> None:
    for arguments, reason in (
        (["bacson", "a"], "'bacson' is not a domain"),
        (["bacson.example", "a b"], "'a b' is no selector"),
        (["bacson.example", "a", "--bits", "512"], "512 is not in the range"),
        (["bacson.example", "a", "--ed25519", "--bits", "2048"], "--bits is for RSA keys"),
        (["bacson.example", "a", "--show"], "cannot be read"),
        (["bacson.example", "a", "--ed25519", "--output", "/nonexistent/a.pem"], "cannot be written"),
    ):
        done = command.run(*arguments)
        assert done.code == 2
        assert reason in done.err
        assert "Traceback" not in done.err
    assert list(command.folder.glob("*.pem")) == []


def test_without_the_extra_the_command_says_what_to_install(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    done = command.run("bacson.example", "2026x")
    assert done.code == 2
    assert "pip install 'distributor[dkim]'" in done.err
