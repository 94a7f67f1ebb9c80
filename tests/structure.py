"""The structure of the code in numbers: ``python -m tests.structure [ROOT]``.

A unit is a folder below one of the four top folders, or a file directly in one of them.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

FOLDERS = ("common", "data", "preprocess", "train")
ANYTHING = ("dict[str, Any]", "Mapping[str, Any]")
Graph = dict[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """Every file of the four folders by the name it is imported as."""
    return {
        ".".join(["raicl", *path.relative_to(root).with_suffix("").parts]): path
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        if path.name != "__init__.py"
    }


def imported_names(source: str) -> set[str]:
    """Modules that a file imports anywhere in it, and what it imports from them."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def import_graph(root: Path) -> Graph:
    """The modules that each module imports."""
    files = modules(root)
    return {
        name: (imported_names(path.read_text()) & files.keys()) - {name}
        for name, path in files.items()
    }


def unit_of(module: str) -> str:
    """``raicl.train.fold.fit`` is in ``raicl.train.fold``; ``raicl.train.cli`` is a unit itself."""
    return ".".join(module.split(".")[:3])


def unit_graph(graph: Graph) -> Graph:
    """The units that each unit imports."""
    units: Graph = {unit_of(name): set() for name in graph}
    for name, found in graph.items():
        units[unit_of(name)] |= {unit_of(other) for other in found} - {unit_of(name)}
    return units


def circles(graph: Graph) -> list[set[str]]:
    """Groups of several nodes that import each other, directly or through others."""
    reach = {node: _reached(graph, node) for node in graph}
    groups = {frozenset(o for o in reach[n] if n in reach[o]) for n in graph if n in reach[n]}
    return [set(group) for group in groups]


def _reached(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += graph[node]
    return seen


def floors(graph: Graph, folder: str) -> int:
    """Files in the longest chain of imports inside a folder; a circle counts as one floor each."""
    inside = {n: {m for m in graph[n] if m.startswith(folder)} for n in graph if folder in n}
    for group in circles(inside):
        for node in group:
            inside[node] -= group
    height: dict[str, int] = {}
    for node in TopologicalSorter(inside).static_order():
        height[node] = 1 + max((height[below] for below in inside[node]), default=0)
    return max(height.values())


def upward(graph: Graph) -> list[tuple[str, str]]:
    """Imports inside a circle of units that go against the direction which most there have."""
    found = []
    for group in circles(unit_graph(graph)):
        arrows = [
            (a, b)
            for a, names in graph.items()
            for b in names
            if {unit_of(a), unit_of(b)} <= group and unit_of(a) != unit_of(b)
        ]
        place = {unit: i for i, unit in enumerate(_order(group, arrows))}
        found += [(a, b) for a, b in arrows if place[unit_of(a)] < place[unit_of(b)]]
    return sorted(found)


def _order(group: set[str], arrows: list[tuple[str, str]]) -> list[str]:
    """Units from the bottom up: those that are imported more than they import come first."""
    weight: Counter[str] = Counter()
    for a, b in arrows:
        weight[unit_of(a)] += 1
        weight[unit_of(b)] -= 1
    return sorted(group, key=lambda unit: (weight[unit], unit))


def functions(files: Mapping[str, Path]) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function and method, with its module."""
    for name, path in files.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield name, node


def untyped(function: ast.FunctionDef) -> int:
    """How many parameters or results of a function are a dictionary of anything."""
    hints = [arg.annotation for arg in (*function.args.args, *function.args.kwonlyargs)]
    texts = [ast.unparse(hint) for hint in (*hints, function.returns) if hint is not None]
    return sum(any(name in text for name in ANYTHING) for text in texts)


def lines_of(function: ast.FunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    last = function.end_lineno or function.lineno
    return last - body[0].lineno + 1 if body else 0


def table(root: Path) -> str:
    """What `main` prints."""
    files, graph = modules(root), import_graph(root)
    sizes = {name: len(path.read_text().splitlines()) for name, path in files.items()}
    rooms = Counter(name.rsplit(".", 1)[0] for name in files)
    room, count = rooms.most_common(1)[0]
    longest = max(sizes, key=sizes.__getitem__)
    every = list(functions(files))
    long = [f"{name}.{node.name}" for name, node in every if lines_of(node) > 40]
    tall = ", ".join(f"{name} {floors(graph, f'raicl.{name}')}" for name in FOLDERS)
    arrows = upward(graph)
    return "\n".join(
        [
            f"files, folders      {len(files)}, {len(rooms)}",
            f"fullest folder      {room}, {count} files",
            f"floors of imports   {tall}",
            f"circles of files    {len(circles(graph))}",
            f"upward arrows       {len(arrows)}",
            *(f"                    {a} -> {b}" for a, b in arrows),
            f"longest file        {longest}, {sizes[longest]} lines",
            f"dict[str, Any]      {sum(untyped(node) for _, node in every)} in signatures",
            f"long functions      {len(long)} of {len(every)} over 40 lines of code",
            *(f"                    {name}" for name in long),
        ]
    )


def main() -> None:
    """Print the table for a checkout, this one unless another is named."""
    print(table(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[1]))


if __name__ == "__main__":
    main()
