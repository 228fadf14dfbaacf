"""Templates: found by name, the newsroom's own first, and rendered in a sandbox.

Content is data and never template source. Templates themselves are staff's, but are kept on a short leash all the
same: no attribute that begins with an underscore, nothing that changes a value, only the filters named here, nothing
that fills the memory in one step. It guards against mistakes and borrowed snippets; who may write templates may write
whatever a mail says. A mistake in a template is told with its file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import RenderError
from ..text import html_to_text
from .personal import FALLBACK_FILTER, compile_fallbacks, personal_or
from .pieces import FragmentTag
from .plaintext import underline, wrap

MAX_OUTPUT = 20_000_000  # characters that a template may produce
MAX_RANGE = 10_000  # numbers

# Of Jinja2's own filters. Not `safe`, which would let text of articles act as HTML, nor `attr`, `format` and `center`.
FILTERS = frozenset((
    "abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "forceescape",
    "groupby", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr",
    "replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "title", "tojson", "trim",
    "truncate", "unique", "upper", "urlencode", "wordcount"
))  # fmt: skip
TESTS = frozenset((
    "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "ge", "gt", "in", "integer", "iterable",
    "le", "lower", "lt", "mapping", "ne", "none", "number", "odd", "sequence", "string", "true", "undefined", "upper"
))  # fmt: skip
_OWN_FILTERS = {"plain": html_to_text, "wrapped": wrap, "underlined": underline}
# Methods of text that make a megabyte out of a number, and those that read attributes by a format.
_REFUSED_METHODS = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})


@dataclass(frozen=True, slots=True)
class TemplateFault:
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
            return _join_limited(name, pieces)
        except TemplateNotFound as error:
            where = "" if error.name == name else f"{self._place(error, name)}: "
            raise RenderError(f"{where}template {error.name} is not there; looked in {self._places()}") from None
        except Exception as error:  # whatever an expression of a template raises is the template's fault
            raise RenderError(f"{self._place(error, name)}: {_reason(error)}") from error

    def check(self, folder: Path | None = None) -> list[TemplateFault]:
        """Every template, or every one in this folder, that cannot be compiled."""
        faults = []
        for name in self._environment.list_templates(extensions=["j2", "css"]):
            if folder and not (folder / name).is_file():
                continue
            try:
                self._environment.get_template(name)
            except TemplateSyntaxError as error:
                faults.append(
                    TemplateFault(self._shown(error.filename or name), error.lineno, error.message or "syntax error")
                )
            except (TemplateError, UnicodeDecodeError, OSError) as error:
                faults.append(TemplateFault(f"templates/{name}", None, _reason(error)))
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


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, in which text cannot be multiplied or padded either."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"{operator} is for numbers only" if operator != "**" else "** is not allowed")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Jinja2 has no other place at which a template can be looked at before it is compiled."""
        try:
            return compile_fallbacks(super()._parse(source, name, filename))
        except TemplateSyntaxError as error:
            error.name, error.filename = error.name or name, error.filename or filename
            raise

    def wrap_str_format(self, value: Any) -> None:
        """No wrapper of `format` that asks first: it is refused below like the others."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr in _REFUSED_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)


class _MemoryBytecodeCache(BytecodeCache):
    """What was compiled in this process, by file; Jinja2 compares the source. A newsroom that is opened again is ready."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_bytecode_cache = _MemoryBytecodeCache()


def _environment(folders: Sequence[Path]) -> _Sandbox:
    environment = _Sandbox(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        extensions=[FragmentTag],
        autoescape=lambda name: name is not None and ".html" in name,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_bytecode_cache,
    )
    environment.globals.clear()  # no `lipsum`, `cycler`, `namespace`
    environment.globals["range"] = _short_range
    environment.filters = (
        {name: environment.filters[name] for name in FILTERS} | _OWN_FILTERS | {FALLBACK_FILTER: personal_or}
    )
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise SecurityError(f"a range of more than {MAX_RANGE} numbers")
    return numbers


def _join_limited(name: str, pieces: Iterable[str]) -> str:
    parts, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_OUTPUT:
            raise RenderError(f"template {name} makes more than {MAX_OUTPUT} characters")
        parts.append(piece)
    return "".join(parts)


def _reason(error: Exception) -> str:
    text: Any = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0]
