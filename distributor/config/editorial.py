"""What a newsletter says itself, as config.yaml has it: templates of its subject, preheader and greeting, and `blocks`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from ..editorial import clean_greeting, clean_markdown, clean_preheader, clean_subject
from ..files import UnsafeFile, open_ordinary
from ..text import clean_line
from .section import Section
from .types import explain_non_text, parse_day

_MAX_LABEL = 60  # characters
_LARGEST = 100_000  # octets of a file with the text of a block


def read_markdown(path: Path) -> str:
    """The Markdown in a file. Raises ValueError, in words that name the file."""
    try:
        with open_ordinary(path) as file:
            data = file.read(_LARGEST + 1)
        text = data.decode()
    except UnsafeFile as error:
        raise ValueError(f"{path} {error}") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8; save it in that encoding") from None
    if len(data) > _LARGEST:
        raise ValueError(f"{path} is larger than {_LARGEST:,} bytes")
    try:
        made = clean_markdown(text)
    except ValueError as error:
        raise ValueError(f"{path} {error}") from None
    if not made:
        raise ValueError(f"{path} is empty")
    return made


def _read_file(value: object, info: ValidationInfo) -> str:
    """The content of the file that a setting names, relative to the folder of config.yaml."""
    if not isinstance(value, str):
        raise ValueError(explain_non_text(value))
    base = (info.context or {}).get("folder", Path())
    return read_markdown(Path(base) / Path(value).expanduser())


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _label(text: str) -> str:
    made = clean_line(text)
    if len(made) > _MAX_LABEL:
        raise ValueError(f"has {len(made):,} characters; {_MAX_LABEL} are the most")
    return made


def _quoted(value: object) -> object:
    if isinstance(value, dict):
        raise ValueError("put it in quotes: YAML takes braces for a section")
    return value


_InQuotes = BeforeValidator(_quoted)
SubjectTemplate = Annotated[str, _InQuotes, AfterValidator(clean_subject), AfterValidator(_not_empty)]
PreheaderTemplate = Annotated[str, _InQuotes, AfterValidator(clean_preheader), AfterValidator(_not_empty)]
GreetingTemplate = Annotated[str, _InQuotes, AfterValidator(clean_greeting)]
Label = Annotated[str, AfterValidator(_label)]
_Markdown = Annotated[str, AfterValidator(clean_markdown)]
_MarkdownFile = Annotated[str, BeforeValidator(_read_file)]
_Day = Annotated[date, BeforeValidator(parse_day)]


class NewsletterBlock(Section):
    """An announcement or a sponsor in the editions of a newsletter."""

    label: Label = Field("", description="short label above it", examples=["Thông báo"])
    sponsor: bool = Field(False, description="paid for: never without a label, “Nội dung tài trợ” if left out")
    text: _Markdown = Field(
        "", description="its text, in Markdown", examples=["Tòa soạn nghỉ lễ từ **1/9** đến hết **3/9**."]
    )
    file: _MarkdownFile = Field(
        "",
        validate_default=False,
        description="file with the text, instead of `text`; read when the program starts",
        examples=["blocks/sponsor.md"],
    )
    after: str = Field(
        "greeting", description="where it stands: after greeting, first, stories, or a topic of `sections`"
    )
    first_day: _Day | None = Field(
        None, alias="from", description="first day of the editions that carry it", examples=[date(2026, 11, 23)]
    )
    last_day: _Day | None = Field(
        None, alias="to", description="last day of the editions that carry it", examples=[date(2026, 11, 29)]
    )

    @field_validator("file", mode="after")
    @classmethod
    def _check_content(cls, file: str, info: ValidationInfo) -> str:
        if file and info.data.get("text"):
            raise ValueError("is not used together with text: keep one of the two")
        return file

    @field_validator("last_day", mode="after")
    @classmethod
    def _check_days(cls, last: date | None, info: ValidationInfo) -> date | None:
        first = info.data.get("first_day")
        if first and last and last < first:
            raise ValueError(f"{last} is before `from`, {first}")
        return last

    @property
    def markdown(self) -> str:
        return self.text or self.file

    def is_shown_on(self, day: date) -> bool:
        """Whether editions of this local day carry it."""
        return (self.first_day is None or self.first_day <= day) and (self.last_day is None or day <= self.last_day)
