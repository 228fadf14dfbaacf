"""Templates: found by name, the newsroom's own first, and rendered in a sandbox.

Content is data and never template source. The sandbox guards against mistakes and copied snippets: no attribute that
begins with an underscore, nothing that changes a value, only the filters named here, nothing that fills the memory in one
step. Who may write templates may write whatever an email says. An error in a template names its file and line.

Two things are added to Jinja2:

- The tag `fragment` marks a part that several emails of an edition share (`cache`). Without a cache it does nothing.
- Merge fields are filled per recipient at sending. While an email is rendered, `subscriber.name` is a merge tag and not a
  name: a template may show it, pass it on and give a fallback for subscribers without one
  (`{{ subscriber.name or "bạn đọc" }}`), but not compute with it. A comparison, a length or a capital letter is refused when
  the template is compiled. Links of the subscriber may also be tested for being there at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import RenderError
from ..merge_fields import with_fallback
from ..text import html_to_text
from .plaintext import underline, wrap

MAX_OUTPUT = 20_000_000  # characters that a template may produce
MAX_RANGE = 10_000  # numbers
MAX_NUMBERS = 100_000  # of all ranges of one rendering together
BUILT_IN = "default/"  # before the name of a template: the one that comes with the program
FRAGMENTS_VARIABLE = "fragments"  # the variable that holds `FragmentCache.mark`, where emails share fragments
LINK_VARIABLES = frozenset({"unsubscribe_url", "web_url", "preferences_url"})

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
# Methods of text that make a megabyte out of a number, and those that read attributes by a format.
_REFUSED_METHODS = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})
_SUBSCRIBER = "subscriber"
_FALLBACK_FILTER = "merge_field_or"  # the filter that `or` becomes behind a merge field
_OUTPUT_NODES = (
    nodes.Output, nodes.Call, nodes.Keyword, nodes.Concat, nodes.Tuple, nodes.List, nodes.Pair, nodes.CallBlock,
    nodes.MarkSafe,
)  # fmt: skip
_CONDITION_NODES = (nodes.If, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr)


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
        self.environment = _environment(folders)

    @property
    def own_folder(self) -> Path | None:
        """The newsroom's own templates; None where there are none."""
        return self._folders[0] if len(self._folders) > 1 else None

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """A template with these values. Raises RenderError with file and line."""
        token = _numbers_made.set([0])
        try:
            return self._join_limited(name, self.environment.get_template(name).generate(values))
        except TemplateNotFound as error:
            where = "" if error.name == name else f"{self._location(error, name)}: "
            folders = ", ".join(map(str, self._folders))
            raise RenderError(f"{where}there is no template {error.name} in {folders}") from None
        except RenderError as error:
            place = self._line_in_template(error)
            raise RenderError(f"{place}: {error}" if place else str(error)) from error
        except Exception as error:  # whatever an expression of a template raises is the template's fault
            raise RenderError(f"{self._location(error, name)}: {_reason(error)}") from error
        finally:
            _numbers_made.reset(token)

    def _join_limited(self, name: str, parts: Iterator[str]) -> str:
        kept, size = [], 0
        for part in parts:
            size += len(part)
            if size > MAX_OUTPUT:
                raise RenderError(f"{self._current_line(parts, name)}: it makes more than {MAX_OUTPUT} characters")
            kept.append(part)
        return "".join(kept)

    def _current_line(self, parts: Iterator[str], name: str) -> str:
        """Where a template that is being rendered stands: in the innermost block, part or parent of it."""
        place = f"templates/{name}"
        generator: Any = parts
        while generator is not None:
            frame = generator.gi_frame
            template = frame.f_globals.get("__jinja_template__") if frame else None
            if template is not None and template.filename:
                place = f"{self.short_path(template.filename)}:{template.get_corresponding_lineno(frame.f_lineno)}"
            generator = generator.gi_yieldfrom
        return place

    def names(self) -> list[str]:
        """The names of all templates, the newsroom's own among them."""
        found = self.environment.list_templates(extensions=["j2", "css"])
        return [name for name in found if not name.startswith(BUILT_IN)]

    def built_in_names(self) -> list[str]:
        """The names of the templates that come with the program."""
        found = self.environment.list_templates()
        return [name.removeprefix(BUILT_IN) for name in found if name.startswith(BUILT_IN)]

    def text(self, name: str) -> tuple[str, str]:
        """What a template's file holds, and the file in words. Raises TemplateError."""
        assert self.environment.loader
        text, file, _ = self.environment.loader.get_source(self.environment, name)
        return text, self.short_path(file or name)

    def source(self, name: str) -> tuple[nodes.Template, str]:
        """A template as its syntax tree, and its file in words. Raises TemplateError."""
        assert self.environment.loader
        text, file, _ = self.environment.loader.get_source(self.environment, name)
        return self.environment.parse(text, name, file), self.short_path(file or name)

    def check(self, folder: Path | None = None, attributes: Collection[str] = ()) -> list[TemplateFault]:
        """Every template, or every one in this folder, that cannot be compiled; and every email that shows of a subscriber
        what is neither name nor address nor one of these attributes."""
        faults = []
        for name in self.names():
            if folder and not (folder / name).is_file():
                continue
            try:
                self.environment.get_template(name)
                if name.startswith("email/"):
                    faults += self._unknown_fields(name, {"name", "address", *attributes})
            except TemplateSyntaxError as error:
                faults.append(
                    TemplateFault(
                        self.short_path(error.filename or name), error.lineno, error.message or "syntax error"
                    )
                )
            except (TemplateError, UnicodeDecodeError, OSError) as error:
                faults.append(TemplateFault(f"templates/{name}", None, _reason(error)))
        return faults

    def _unknown_fields(self, name: str, known: Collection[str]) -> list[TemplateFault]:
        tree, file = self.source(name)
        return [
            TemplateFault(
                file,
                node.lineno,
                f"there is no {_variable_name(node)}; there are: {', '.join(sorted(known))} (`attributes` in config.yaml)",
            )
            for node in tree.find_all(nodes.Getattr)
            if _is_merge_field(node) and node.attr not in known
        ]

    def short_path(self, file: str) -> str:
        """`templates/email/digest.html.j2`, wherever the folder lies; `default/email/…` for a file that comes with the
        program where the newsroom has its own."""
        for folder in self._folders:
            if Path(file).is_relative_to(folder):
                start = "default" if self.own_folder and folder != self.own_folder else "templates"
                return f"{start}/{Path(file).relative_to(folder).as_posix()}"
        return file

    def _location(self, error: BaseException, name: str) -> str:
        if isinstance(error, TemplateSyntaxError):
            return f"{self.short_path(error.filename or name)}:{error.lineno}"
        return self._line_in_template(error) or f"templates/{name}"

    def _line_in_template(self, error: BaseException) -> str:
        """The innermost line of a template that an error passed; empty where there is none."""
        place = ""
        trace = error.__traceback__
        while trace:  # Jinja2 rewrites tracebacks so that frames of templates carry their file and line
            path = self.short_path(trace.tb_frame.f_code.co_filename)
            if path.startswith(("templates/", BUILT_IN)):
                place = f"{path}:{trace.tb_lineno}"
            trace = trace.tb_next
        return place


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, in which text cannot be multiplied or padded either."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"{operator} is for numbers only" if operator != "**" else "** is not allowed")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Compile merge fields as well: Jinja2 has no other hook between parsing and compiling."""
        try:
            tree = super()._parse(source, name, filename)
            _check_parent(tree, name)
            return _compile_merge_fields(tree)
        except TemplateSyntaxError as error:
            error.name, error.filename = error.name or name, error.filename or filename
            raise

    def wrap_str_format(self, value: Any) -> None:
        """No wrapper around `format`: `is_safe_attribute` refuses it like the others."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr in _REFUSED_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)


def _check_parent(tree: nodes.Template, name: str | None) -> None:
    """Raises TemplateSyntaxError for a template that extends itself."""
    for node in tree.find_all(nodes.Extends):
        if isinstance(node.template, nodes.Const) and node.template.value == name:
            raise TemplateSyntaxError(
                f'it extends itself; write {{% extends "{BUILT_IN}{name}" %}} for the one that comes with the program',
                node.lineno,
            )


class _FragmentTag(Extension):
    """The tag `fragment`."""

    tags = {"fragment"}  # noqa: RUF012  # as Jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        values = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            values.append(parser.parse_expression())
        body = parser.parse_statements(("name:endfragment",), drop_needle=True)
        place = nodes.Const(f"{parser.name}:{line}")
        call = self.call_method("_mark", [nodes.ContextReference(), place, nodes.Tuple(values, "load")])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _mark(self, context: Context, place: str, values: tuple[Any, ...], caller: Callable[[], str]) -> str:
        mark = context.get(FRAGMENTS_VARIABLE)
        return str(mark((place, values), lambda: str(caller())) if mark else caller())


class _MemoryBytecodeCache(BytecodeCache):
    """Templates compiled by this process, by file; Jinja2 compares the source. Opening a newsroom again compiles nothing."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_bytecode_cache = _MemoryBytecodeCache()
_numbers_made: ContextVar[list[int]] = ContextVar("numbers_made")  # of the ranges of one rendering


def _environment(folders: Sequence[Path]) -> _Sandbox:
    loaders: list[BaseLoader] = [FileSystemLoader(folder) for folder in folders]
    built_in = [PrefixLoader({BUILT_IN.rstrip("/"): loader}) for loader in loaders[-1:]]
    environment = _Sandbox(
        loader=ChoiceLoader([*built_in, *loaders]),
        undefined=StrictUndefined,
        extensions=[_FragmentTag],
        autoescape=lambda name: name is not None and ".html" in name,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_bytecode_cache,
    )
    environment.globals.clear()  # no `lipsum`, `cycler`, `namespace`
    environment.globals["range"] = _short_range
    environment.filters = {name: environment.filters[name] for name in FILTERS} | _OWN_FILTERS
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise SecurityError(f"a range of more than {MAX_RANGE} numbers")
    made = _numbers_made.get([0])
    made[0] += len(numbers)
    if made[0] > MAX_NUMBERS:
        raise SecurityError(f"its ranges have more than {MAX_NUMBERS} numbers together")
    return numbers


def _reason(error: Exception) -> str:
    text: Any = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0]


# -- merge fields ------------------------------------------------------------------------------------------------------


def _compile_merge_fields(tree: nodes.Template) -> nodes.Template:
    """The template with the fallbacks of its merge fields. Raises TemplateSyntaxError, with the line, for computations."""
    _refuse_in_subject(tree)
    for parent, child in list(_walk(tree)):
        if not _is_merge_field(child):
            continue
        if isinstance(parent, nodes.Or) and parent.left is child and not _is_link(child):
            _replace(tree, parent, _fallback_filter(child, parent.right))
        elif isinstance(parent, nodes.Filter) and parent.name in ("default", "d") and parent.args:
            _replace(tree, parent, _fallback_filter(child, parent.args[0]))
        elif not isinstance(parent, _OUTPUT_NODES) and not (_is_link(child) and isinstance(parent, _CONDITION_NODES)):
            name = _variable_name(child)
            raise TemplateSyntaxError(
                f"{name} differs from subscriber to subscriber: it can be shown, not computed with; "
                f'write {{{{ {name} or "…" }}}} where it is to stand',
                child.lineno,
            )
    return tree


def _refuse_in_subject(tree: nodes.Template) -> None:
    for block in tree.find_all(nodes.Block):
        found = next((child for _, child in _walk(block) if _is_merge_field(child)), None)
        if block.name == "subject" and found is not None:
            raise TemplateSyntaxError(
                f"{_variable_name(found)} differs from subscriber to subscriber, but a subject is the same for everybody",
                found.lineno,
            )


def _merge_field_or(value: object, fallback: object) -> str:
    """The merge tag with the text for subscribers without such a value."""
    return with_fallback(str(value), str(fallback))


def _walk(node: nodes.Node) -> Iterator[tuple[nodes.Node, nodes.Node]]:
    for child in node.iter_child_nodes():
        yield node, child
        yield from _walk(child)


def _is_merge_field(node: nodes.Node) -> bool:
    return _is_link(node) or (
        isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == _SUBSCRIBER
    )


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.ctx == "load" and node.name in LINK_VARIABLES


def _variable_name(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    assert isinstance(node, nodes.Getattr)
    return f"{_SUBSCRIBER}.{node.attr}"


def _fallback_filter(value: nodes.Node, fallback: nodes.Node) -> nodes.Filter:
    return nodes.Filter(value, _FALLBACK_FILTER, [fallback], [], None, None, lineno=value.lineno)


def _replace(tree: nodes.Node, old: nodes.Node, new: nodes.Node) -> None:
    """Put one node in the place of another."""
    for parent, child in _walk(tree):
        if child is not old:
            continue
        for field in parent.fields:
            value = getattr(parent, field)
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list):
                setattr(parent, field, [new if one is old else one for one in value])
        return


_OWN_FILTERS = {"plain": html_to_text, "wrapped": wrap, "underlined": underline, _FALLBACK_FILTER: _merge_field_or}
