"""Mutate: plant one error in a module's source, of the kinds that people make."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And},
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult},
    **{ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult},
    **{ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift},
}


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Every mutant of a module: its line, what was changed, and its source."""
    count = sum(len(_changes(node)) for node in _nodes(ast.parse(source)))
    for number in range(count):
        module = ast.parse(source)
        changes = [change for node in _nodes(module) for change in _changes(node)]
        node, name, value, said = changes[number]
        line = int(getattr(node, "lineno", 0))
        before = ast.unparse(node)
        _put(node, name, value)
        after = ast.unparse(node)
        text = said or f"{before}  ->  {after}"
        yield line, text.splitlines()[0][:100], ast.unparse(module)


def _nodes(module: ast.Module) -> Iterator[ast.AST]:
    """Every node but those of annotations and docstrings, which change nothing that runs."""
    left = {id(part) for node in ast.walk(module) for part in _idle(node)}
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop(0)
        if id(node) not in left:
            yield node
            waiting += ast.iter_child_nodes(node)


def _idle(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        if (hint := getattr(node, name, None)) is not None:
            yield hint
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        yield node


def _put(node: ast.AST, name: str, value: Any) -> None:
    """Give a field of a node, or an item of it (``ops.0``), another value."""
    field, _, index = name.partition(".")
    if index:
        getattr(node, field)[int(index)] = value
    else:
        setattr(node, field, value)


def _changes(node: ast.AST) -> list[tuple[ast.AST, str, Any, str]]:
    """What may be changed in a node: the field, its new value, and words if these say it better."""
    found: list[tuple[ast.AST, str, Any, str]] = []
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            found.append((node, f"ops.{place}", _SWAPS[type(op)](), ""))
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in _SWAPS:
        found.append((node, "op", _SWAPS[type(node.op)](), ""))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        found.append((node, "value", not node.value, ""))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        found.append((node, "value", node.value + 1, ""))
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        negated = ast.UnaryOp(ast.Not(), node.test)
        said = f"if {ast.unparse(node.test)}  ->  if not"
        found.append((node, "test", negated, said))
    elif isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            said = f"return {ast.unparse(node.value)}  ->  return None"
            found.append((node, "value", ast.Constant(None), said))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        found.append((node, "value", ast.Constant(None), f"{ast.unparse(node)}  ->  (nothing)"))
    elif isinstance(node, ast.Raise) and node.exc is not None:
        return [(node, "exc", ast.Name("KeyError"), f"{ast.unparse(node)}  ->  raise KeyError")]
    return found
