"""Personal values in templates: what can be filled in per reader, and what cannot, told when templates are checked. Pure.

While a letter is rendered, `subscriber.name` is a mark and not a name, so a template may show it, hand it on and give a
fallback for readers without one (`{{ subscriber.name or "bạn đọc" }}`), but not compute with it: nobody could fill in a
comparison, a length or a capital letter later. Links of the reader may also be asked whether they are there at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import TemplateSyntaxError, nodes

from ..merge_fields import with_fallback

FALLBACK_FILTER = "personal_or"  # the filter that `or` becomes
LINK_VARIABLES = frozenset({"unsubscribe_url", "web_url", "preferences_url"})
_SUBSCRIBER = "subscriber"
_OUTPUT_NODES = (
    nodes.Output, nodes.Call, nodes.Keyword, nodes.Concat, nodes.Tuple, nodes.List, nodes.Pair, nodes.CallBlock,
    nodes.MarkSafe,
)  # fmt: skip
_CONDITION_NODES = (nodes.If, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr)


def compile_fallbacks(tree: nodes.Template) -> nodes.Template:
    """The template with its fallbacks made fillable. Raises TemplateSyntaxError, with the line, for what cannot be."""
    for parent, child in list(_walk(tree)):
        if not _is_personal(child):
            continue
        if isinstance(parent, nodes.Or) and parent.left is child and not _is_link(child):
            _replace(tree, parent, _with_fallback(child, parent.right))
        elif isinstance(parent, nodes.Filter) and parent.name in ("default", "d") and parent.args:
            _replace(tree, parent, _with_fallback(child, parent.args[0]))
        elif not isinstance(parent, _OUTPUT_NODES) and not (_is_link(child) and isinstance(parent, _CONDITION_NODES)):
            name = _variable_name(child)
            raise TemplateSyntaxError(
                f"{name} differs from reader to reader: it can be shown, not computed with; "
                f'write {{{{ {name} or "…" }}}} where it is to stand',
                child.lineno,
            )
    return tree


def personal_or(value: object, fallback: object) -> str:
    """What a reader without such a value gets instead."""
    return with_fallback(str(value), str(fallback))


def _walk(node: nodes.Node) -> Iterator[tuple[nodes.Node, nodes.Node]]:
    for child in node.iter_child_nodes():
        yield node, child
        yield from _walk(child)


def _is_personal(node: nodes.Node) -> bool:
    return _is_link(node) or (
        isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == _SUBSCRIBER
    )


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.ctx == "load" and node.name in LINK_VARIABLES


def _variable_name(node: nodes.Node) -> str:
    return node.name if isinstance(node, nodes.Name) else f"{_SUBSCRIBER}.{node.attr}"  # type: ignore[attr-defined]


def _with_fallback(value: nodes.Node, fallback: nodes.Node) -> nodes.Filter:
    return nodes.Filter(value, FALLBACK_FILTER, [fallback], [], None, None, lineno=value.lineno)


def _replace(tree: nodes.Node, old: nodes.Node, new: nodes.Node) -> None:
    """Put a node in the place of another."""
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
