"""The walk through a template: every branch, every macro that is called, every part and parent, with example values. Pure.

Nothing is rendered and no condition is decided: both sides of each `if` are looked at. So a mistake is found wherever it
stands, with the file and line where it was written.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.runtime import LoopContext

from ..rendering.templates import BUILT_IN, TemplateFault, Templates
from .examples import ANYTHING, Examples, expression, join, listed, nearest, signature
from .expressions import TEXT, BlockCall, Expressions, Macro, Module, Scope, find_nodes, no_macro, with_guards

_MAX_DEPTH = 3  # calls of a macro within itself that are followed
_COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)
_SILENT = (nodes.Output, nodes.Block, nodes.Extends)  # what a template that extends another does not show itself


class TemplateWalk:
    """The walk through any number of templates. `reached` are the names of all that were seen."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._expressions = Expressions(templates.environment, self)
        self._trees: dict[str, tuple[nodes.Template, str] | None] = {}
        self._macros: dict[tuple[str, int], Macro] = {}
        self._called: set[tuple[str, int]] = set()
        self._walked: set[Hashable] = set()  # macros and parts with what they were given: once is enough
        self._blocks_seen: set[tuple[str, str]] = set()
        self.reached: set[str] = set()

    @property
    def faults(self) -> list[TemplateFault]:
        return list(self._expressions.faults.values())

    def follow(self, name: str, values: Mapping[str, Examples], *, lenient: bool = False) -> None:
        """Walk through a template that the program renders with these values; where `lenient`, with others as well."""
        self._template(name, Scope("", dict(values), lenient=lenient))

    def follow_macros(self) -> None:
        """Walk through the macros that nothing has called, whatever they may be called with."""
        for place, macro in list(self._macros.items()):
            given = {arg.name: ANYTHING for arg in macro.node.args}
            scope = replace(macro.scope.inner(), file=macro.file, lenient=True)
            known = replace(scope.inner(**given), lenient=macro.scope.lenient)  # where it was written
            for default in macro.node.defaults:
                self._expressions.value(default, known)
            if place not in self._called:
                self._macro_body(macro, scope, given, ANYTHING)

    # -- templates -------------------------------------------------------------------------------------------------------

    def _load(self, name: str) -> tuple[nodes.Template, str] | None:
        """A template's tree and file; None where it cannot be compiled, which is noted."""
        if name not in self._trees:
            self._trees[name] = None
            try:
                self._trees[name] = self._templates.source(name)
            except TemplateSyntaxError as error:
                file = self._templates.short_path(error.filename or name)
                self._note(file, error.lineno, error.message or "syntax error")
            except (TemplateNotFound, UnicodeDecodeError, OSError) as error:
                words = "there is no such template" if isinstance(error, TemplateNotFound) else str(error)
                self._note(f"templates/{name}", None, words)
        return self._trees[name]

    def _note(self, file: str, line: int | None, message: str) -> None:
        self._expressions.faults.setdefault((file, line, message), TemplateFault(file, line, message))

    def exists(self, name: str) -> bool:
        loader = self._templates.environment.loader
        assert loader
        try:
            loader.get_source(self._templates.environment, name)
        except TemplateNotFound:
            return False
        except (TemplateError, UnicodeDecodeError, OSError):
            return True  # told where it is read
        return True

    def _template(self, name: str, scope: Scope) -> None:
        """Walk through a template; its names are those of the scope, which it adds to."""
        self.reached.add(name.removeprefix(BUILT_IN) if name.startswith(BUILT_IN) else name)
        loaded = self._load(name)
        if loaded is None or name in scope.stack:
            return
        tree, file = loaded
        scope.file, scope.stack = file, (*scope.stack, name)
        own = find_nodes(tree, nodes.Block)
        for block in own:
            scope.blocks.setdefault(block.name, []).append((file, block))
        parents = find_nodes(tree, nodes.Extends)
        self.statements([one for one in tree.body if not parents or not isinstance(one, _SILENT)], scope)
        if parents and (lost := _first_outside(tree)):
            words = "this stands outside of the blocks, so it is not shown: the template extends another"
            self._expressions.fault(scope, lost, words)
        for extends in parents:
            self._extends(extends, scope, own)

    def _extends(self, node: nodes.Extends, scope: Scope, own: Iterable[nodes.Block]) -> None:
        here = scope.file
        for name in self._names(node.template, node, scope):
            if name in scope.stack:
                words = (
                    f'it extends itself, by way of {name}; the one that comes with the program is "{BUILT_IN}{name}"'
                )
                self._expressions.fault(scope, node, words)
                continue
            self._template(name, scope)
            scope.file = here
            known = {block for file, block in self._blocks_seen if file != here}
            within = {inner.name for block in own for inner in find_nodes(block, nodes.Block)}  # new ones, perhaps
            for block in own:
                if (here, block.name) not in self._blocks_seen and block.name not in within:
                    words = f"no template above has a block `{block.name}`{nearest(block.name, known)}"
                    self._expressions.fault(scope, block, f"{words}; they have {listed(known)}")

    def _names(self, node: nodes.Expr, at: nodes.Node, scope: Scope, *, missing: bool = False) -> list[str]:
        """The names of templates that an expression stands for, those that exist."""
        found = self._expressions.value(node, scope)
        wanted: list[str] = []
        for value in found.values:
            wanted += value if isinstance(value, list | tuple) else [value]
        there = [name for name in wanted if isinstance(name, str) and self.exists(name)]
        if wanted and not there and not missing and found.certain:
            known = self._templates.names()
            words = f"there is no template {wanted[0]}{nearest(str(wanted[0]), known)}"
            self._expressions.fault(scope, at, words)
        return there

    # -- statements ------------------------------------------------------------------------------------------------------

    def statements(self, body: Iterable[nodes.Node], scope: Scope) -> None:
        for node in body:
            method: Any = getattr(self, f"_{type(node).__name__.lower()}", None)
            if method:
                method(node, scope)
            elif isinstance(node, nodes.Expr):
                self._expressions.value(node, scope)
            else:
                self.statements(node.iter_child_nodes(), scope)

    def _output(self, node: nodes.Output, scope: Scope) -> None:
        for part in node.nodes:
            self._expressions.value(part, scope)

    def _if(self, node: nodes.If, scope: Scope) -> None:
        self._expressions.value(node.test, scope)
        before = dict(scope.names)
        ways = [with_guards(scope.inner(), node.test, True), with_guards(scope.inner(), node.test, False)]
        self.statements(node.body, ways[0])
        self.statements([*node.elif_, *node.else_], ways[1])
        for name in {name for way in ways for name in way.names}:
            made = [way.names[name] for way in ways if name in way.names]
            if any(one is not before.get(name) for one in made):
                scope.names[name] = join(*made)

    def _for(self, node: nodes.For, scope: Scope) -> None:
        many = self._expressions.value(node.iter, scope)
        elements = self._expressions.elements(node.iter, many, scope)
        inside = scope.inner(loop=Examples((_loop(elements),)))
        self._bind(node.target, elements, inside)
        if node.test:
            self._expressions.value(node.test, inside)
        self.statements(node.body, inside)
        self.statements(node.else_, scope.inner())

    def _assign(self, node: nodes.Assign, scope: Scope) -> None:
        self._bind(node.target, self._expressions.value(node.node, scope), scope)

    def _bind(self, target: nodes.Node, value: Examples, scope: Scope) -> None:
        if isinstance(target, nodes.Name):
            scope.names[target.name] = value
        elif isinstance(target, nodes.Tuple):
            rows = [tuple(one) for one in value.values if isinstance(one, tuple | list)]
            if value.certain and value.values and not any(isinstance(one, Iterable) for one in value.values):
                words = f"one of these is no list: it cannot be divided into {len(target.items)} names"
                self._expressions.fault(scope, target, words)
            for at, part in enumerate(target.items):
                column = [Examples((row[at],)) for row in rows if len(row) > at]
                self._bind(part, join(*column) if column else ANYTHING, scope)

    def _assignblock(self, node: nodes.AssignBlock, scope: Scope) -> None:
        self.statements(node.body, scope.inner())
        self._bind(node.target, TEXT, scope)

    def _with(self, node: nodes.With, scope: Scope) -> None:
        inside = scope.inner()
        for target, value in zip(node.targets, node.values, strict=True):
            self._bind(target, self._expressions.value(value, scope), inside)
        self.statements(node.body, inside)

    def _filterblock(self, node: nodes.FilterBlock, scope: Scope) -> None:
        self.statements(node.body, scope.inner())
        self._expressions.value(node.filter, scope)

    def _include(self, node: nodes.Include, scope: Scope) -> None:
        for name in self._names(node.template, node, scope, missing=node.ignore_missing):
            names = dict(scope.names) if node.with_context else {}
            seen = (name, frozenset(names), scope.guarded)
            if seen not in self._walked:
                self._walked.add(seen)
                self._template(name, replace(scope, names=names, blocks={}))

    # -- macros ----------------------------------------------------------------------------------------------------------

    def _macro(self, node: nodes.Macro, scope: Scope) -> None:
        made = Macro(node, scope, scope.file)
        self._macros.setdefault((scope.file, node.lineno), made)
        scope.names[node.name] = Examples((made,))

    def _module(self, node: nodes.Import | nodes.FromImport, scope: Scope) -> Module | None:
        names = self._names(node.template, node, scope)
        if not names:
            return None
        inside = replace(scope, names=dict(scope.names) if node.with_context else {}, blocks={})
        before = dict(inside.names)
        self._template(names[0], inside)
        made = {name: value for name, value in inside.names.items() if value is not before.get(name) and name[0] != "_"}
        return Module(names[0], made)

    def _import(self, node: nodes.Import, scope: Scope) -> None:
        module = self._module(node, scope)
        scope.names[node.target] = Examples((module,)) if module else ANYTHING

    def _fromimport(self, node: nodes.FromImport, scope: Scope) -> None:
        module = self._module(node, scope)
        for one in node.names:
            name, target = one if isinstance(one, tuple) else (one, one)
            if module and name not in module.names:
                self._expressions.fault(scope, node, no_macro(module, name))
            scope.names[target] = module.names.get(name, ANYTHING) if module else ANYTHING

    def _callblock(self, node: nodes.CallBlock, scope: Scope) -> None:
        inside = scope.inner(**{arg.name: ANYTHING for arg in node.args})
        call = node.call
        if isinstance(call.node, nodes.ExtensionAttribute):  # `fragment`
            for argument in call.args:
                self._expressions.value(argument, scope)
            self.statements(node.body, scope.inner())
            return
        self.statements(node.body, inside)
        called = self._expressions.value(call.node, scope)
        args, kwargs = self._expressions.arguments(call, scope)
        for macro in called.values:
            if isinstance(macro, Macro):
                more = call.dyn_args is not None or call.dyn_kwargs is not None
                self.call_macro(call, scope, macro, args, kwargs, anything=more, block=True)

    def call_macro(
        self,
        node: nodes.Call,
        scope: Scope,
        macro: Macro,
        args: list[Examples],
        kwargs: Mapping[str, Examples],
        *,
        anything: bool = False,
        block: bool = False,
    ) -> Examples:
        """Walk through a macro with these arguments; `anything`: and others. `block`: by the tag `call`."""
        name = macro.node.name
        if wrong := _wrong_arguments(macro.node, args, kwargs, anything):
            return self._expressions.fault(scope, node, f"{name}() {wrong}")
        if block != macro.uses_caller:
            use = f"{{% call {name}(…) %}} … {{% endcall %}}"
            words = f"{name}() puts nothing between its tags: call it without {{% call %}}"
            return self._expressions.fault(
                scope, node, words if block else f"{name}() needs what stands between: {use}"
            )
        given = dict(zip((arg.name for arg in macro.node.args), args, strict=False)) | dict(kwargs)
        self._called.add((macro.file, macro.node.lineno))
        mark = f"macro {macro.file}:{macro.node.lineno}"
        seen = (mark, frozenset(macro.scope.names), tuple((key, signature(one)) for key, one in given.items()))
        if scope.stack.count(mark) < _MAX_DEPTH and seen not in self._walked:
            self._walked.add(seen)
            inside = replace(macro.scope.inner(), file=macro.file, stack=(*scope.stack, mark), lenient=scope.lenient)
            self._macro_body(macro, inside, given, ANYTHING)
        return TEXT

    def _macro_body(self, macro: Macro, inside: Scope, given: Mapping[str, Examples], caller: Examples) -> None:
        node = macro.node
        first_default = len(node.args) - len(node.defaults)
        for at, arg in enumerate(node.args):
            if arg.name in given:
                inside.names[arg.name] = given[arg.name]
            elif at >= first_default:
                inside.names[arg.name] = self._expressions.value(node.defaults[at - first_default], inside)
            else:
                inside.names[arg.name] = ANYTHING
        inside.names |= {"caller": caller, "varargs": ANYTHING, "kwargs": ANYTHING}
        self.statements(node.body, inside)

    # -- blocks ----------------------------------------------------------------------------------------------------------

    def _block(self, node: nodes.Block, scope: Scope) -> None:
        """At the place of a block: the block that overrides it, and what that calls by `super()`."""
        self._walk_block(node.name, 0, scope)

    def _walk_block(self, name: str, level: int, scope: Scope) -> None:
        file, block = scope.blocks[name][level]
        self._blocks_seen |= {(one, name) for one, _ in scope.blocks[name]}
        parent = Examples((BlockCall(name, level + 1),))
        self.statements(block.body, replace(scope.inner(super=parent), file=file))

    def call_block(self, node: nodes.Call, scope: Scope, call: BlockCall) -> Examples:
        """`super()` and `self.content()`."""
        if call.level >= len(scope.blocks.get(call.name, ())):
            return self._expressions.fault(scope, node, f"no template above has a block `{call.name}`")
        mark = f"block {call.name}:{call.level}"
        if mark not in scope.stack:
            self._walk_block(call.name, call.level, replace(scope, stack=(*scope.stack, mark)))
        return TEXT


def _first_outside(tree: nodes.Template) -> nodes.Node | None:
    """The first text or value of a template that stands after its `extends` and in no block; comments of HTML are none."""
    extends = next((at for at, one in enumerate(tree.body) if isinstance(one, nodes.Extends)), len(tree.body))
    for output in tree.body[extends:]:
        for part in output.nodes if isinstance(output, nodes.Output) else ():
            if not isinstance(part, nodes.TemplateData):
                return part
            text = _COMMENTS.sub(lambda found: "\n" * found[0].count("\n"), part.data)
            if text.strip():
                blank = text[: len(text) - len(text.lstrip())]
                return nodes.TemplateData(part.data, lineno=part.lineno + blank.count("\n"))
    return None


def _wrong_arguments(macro: nodes.Macro, args: list[Examples], kwargs: Mapping[str, Examples], anything: bool) -> str:
    """What is wrong with the arguments of a call; empty if nothing is."""
    known = [arg.name for arg in macro.args]
    used = {name.name for name in find_nodes(macro, nodes.Name)}
    takes = f"it takes {', '.join(known)}" if known else "it takes nothing"
    if len(args) > len(known) and "varargs" not in used:
        return f"is given {len(args)} values; {takes}"
    for name in kwargs:
        if name not in known and "kwargs" not in used:
            return f"takes no `{name}`{nearest(name, known)}; {takes}"
        if name in known[: len(args)]:
            return f"is given `{name}` twice"
    tested = {
        expression(test.node)
        for test in (*find_nodes(macro, nodes.Test), *find_nodes(macro, nodes.Filter))
        if test.node is not None and test.name in ("defined", "undefined", "default", "d")
    }
    needed = known[len(args) : len(known) - len(macro.defaults)]
    missing = [name for name in needed if name not in kwargs and name in used and name not in tested]
    return f"needs `{missing[0]}`; {takes}" if missing and not anything else ""


def _loop(elements: Examples) -> LoopContext:
    """The variable `loop` in the middle of a loop."""
    loop = LoopContext(list((elements.values or (None,)) * 3), StrictUndefined)
    for _ in range(2):
        next(loop)
    return loop
