"""The page with every sample: it needs neither store nor articles, and shows what cannot be rendered."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from distributor.cli.main import main

CONFIG = """\
site: {title: Báo Bắc Sơn, url: "https://bacson.example", theme: {accent: "#14532d"}}
sources: {cong: {type: folder, folder: articles}}
newsletters: {tin-sang: {title: Tin sáng, channels: [mail]}}
channels: {mail: {type: email, sender: "a@bacson.example", maildir: var/mail}}
"""


def test_every_template_is_shown_in_both_languages_and_one_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "templates" / "email").mkdir(parents=True)
    (tmp_path / "templates" / "email" / "link.html.j2").write_text("\n{{ nobody }}", encoding="utf-8")
    result = CliRunner().invoke(main, ["-c", str(tmp_path / "config.yaml"), "preview", "--all"])
    assert result.exit_code == 1
    assert "email/link (vi): templates/email/link.html.j2:2: 'nobody' is undefined" in result.output
    folder = tmp_path / "var" / "preview" / "all"
    page = (folder / "index.html").read_text(encoding="utf-8")
    for name in ("email/digest", "email/alert", "email/welcome", "email/review", "page/leave", "post/article"):
        for language in ("vi", "en"):
            assert f"{name} ({language})" in page
    files = list((folder / "samples").iterdir())
    digests = [file for file in files if "email-digest-vi" in file.name and file.suffix == ".html"]
    assert len(digests) == 3  # light, dark, without pictures
    assert "#14532d" in digests[0].read_text(encoding="utf-8")
    assert not list(tmp_path.rglob("*.db"))
    for file in files:
        assert b"@@field" not in file.read_bytes(), file.name
        assert b"pictures.example" not in file.read_bytes(), file.name


def test_a_newsletter_or_all_must_be_named() -> None:
    assert CliRunner().invoke(main, ["preview"]).exit_code == 2
