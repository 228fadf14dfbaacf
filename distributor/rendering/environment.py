"""Templates: found by name, the newsroom's own first, and rendered in a sandbox.

Content is data and never template source. Templates themselves are staff's, but are kept on a short leash all the
same: no attribute that begins with an underscore, nothing that changes a value, no loop without an end in sight.
A mistake in a template is told with its file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import RenderError
from .plaintext import plain, wrap

LARGEST = 20_000_000  # characters that a template may produce


@dataclass(frozen=True, slots=True)
class Fault:
    """A template that cannot be compiled: where, and why."""

    file: str
    line: int | None
    message: str


class Templates:
    """The templates of a newsroom. `folders` are searched in order."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._environment = _environment(folders)

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """A template with these values. Raises RenderError with file and line."""
        try:
            pieces = self._environment.get_template(name).generate(values)
            return _capped(name, pieces)
        except TemplateNotFound as error:
            raise RenderError(f"template {error.name} is not there; looked in {self._places()}") from None
        except RenderError:
            raise
        except Exception as error:  # whatever an expression of a template raises is the template's fault
            raise RenderError(f"{self._place(error, name)}: {_reason(error)}") from error

    def check(self) -> list[Fault]:
        """Every template that cannot be compiled."""
        faults = []
        for name in self._environment.list_templates(extensions=["j2", "css"]):
            try:
                self._environment.get_template(name)
            except TemplateSyntaxError as error:
                faults.append(Fault(self._shown(error.filename or name), error.lineno, error.message or "syntax error"))
            except (TemplateError, UnicodeDecodeError, OSError) as error:
                faults.append(Fault(f"templates/{name}", None, _reason(error)))
        return faults

    def _places(self) -> str:
        return ", ".join(str(folder) for folder in self._folders)

    def _shown(self, file: str) -> str:
        """`templates/email/digest.html.j2`, wherever the folder lies."""
        for folder in self._folders:
            if Path(file).is_relative_to(folder):
                return f"templates/{Path(file).relative_to(folder).as_posix()}"
        return file

    def _place(self, error: BaseException, name: str) -> str:
        if isinstance(error, TemplateSyntaxError):
            return f"{self._shown(error.filename or name)}:{error.lineno}"
        line, file = None, f"templates/{name}"
        trace = error.__traceback__
        while trace:  # Jinja2 rewrites tracebacks so that frames of templates carry their file and line
            shown = self._shown(trace.tb_frame.f_code.co_filename)
            if shown.startswith("templates/") and shown.endswith(".j2"):
                file, line = shown, trace.tb_lineno
            trace = trace.tb_next
        return f"{file}:{line}" if line else file


def _environment(folders: Sequence[Path]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and ".html" in name,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.globals.clear()  # no `lipsum`, `cycler`, `namespace`; `range` is added back, the sandbox limits it
    environment.globals["range"] = _short_range
    environment.filters["plain"] = plain
    environment.filters["wrapped"] = wrap
    return environment


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > 10_000:
        raise SecurityError("a range of more than 10000 numbers")
    return numbers


def _capped(name: str, pieces: Iterable[str]) -> str:
    parts, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST:
            raise RenderError(f"template {name} makes more than {LARGEST} characters")
        parts.append(piece)
    return "".join(parts)


def _reason(error: Exception) -> str:
    text: Any = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0]
