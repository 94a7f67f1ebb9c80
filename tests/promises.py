"""What raicl promises and which tests prove it: ``python -m tests.promises``.

The promises are in ``promises.toml``. A test names the rows that it proves by the marker
``@pytest.mark.promise("fault 12", "input 3")``, on itself, on its module (``pytestmark``) or on
one of its parameters (``pytest.param(..., marks=...)``). The source is parsed, never imported.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Promise:
    """A row: what happens, what raicl does then, and the tests that prove it.

    Attributes
    ----------
    unproven : why no test proves it; empty if one does.
    tests : names of functions by the file they are in, from the repository's root.
    """

    name: str
    when: str
    then: str
    unproven: str = ""
    tests: dict[str, list[str]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """``fault``, ``input`` or ``goal``."""
        return self.name.split()[0]


def promises(folder: Path = FOLDER) -> dict[str, Promise]:
    """Every row by its name, with the tests below a folder that prove it.

    Raises
    ------
    KeyError : a test names a row that does not exist.
    """
    text = (FOLDER / "promises.toml").read_text(encoding="utf-8")
    found = {name: Promise(name, **row) for name, row in tomllib.loads(text).items()}
    for path in sorted(folder.rglob("*.py")):
        place = path.relative_to(folder.parent).as_posix()
        for test, rows in proofs(path.read_text(encoding="utf-8")).items():
            for row in rows:
                if row not in found:
                    raise KeyError(f"{place}::{test} proves {row!r}, which is not in promises.toml")
                found[row].tests.setdefault(place, []).append(test)
    return found


def proofs(source: str) -> dict[str, list[str]]:
    """The rows that each test of a module says it proves.

    Raises
    ------
    ValueError : a row is not a text in the source, or no test has the marker.
    """
    module = ast.parse(source)
    of_test: dict[str, list[str]] = {}
    marks: dict[str, list[str]] = {}  # variables that hold markers, as lists of parameters do
    tests = [node for node in ast.walk(module) if _is_test(node)]
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and (rows := _marked(node)):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            marks[ast.unparse(target)] = rows
    for test in tests:
        assert isinstance(test, _FUNCTIONS)
        rows = [row for decorator in test.decorator_list for row in _marked(decorator)]
        rows += marks.get("pytestmark", [])
        names = {n.id for d in test.decorator_list for n in ast.walk(d) if isinstance(n, ast.Name)}
        rows += [row for name in sorted(names & marks.keys()) for row in marks[name]]
        if rows:
            of_test[test.name] = list(dict.fromkeys(rows))
    lost = set(_marked(module)) - {row for rows in of_test.values() for row in rows}
    if lost:
        raise ValueError(f"no test has the markers of {', '.join(sorted(lost))}")
    return of_test


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, _FUNCTIONS) and node.name.startswith("test")


def _marked(tree: ast.AST) -> list[str]:
    """Rows that the markers in a part of a module name."""
    return [row for call in _markers(tree) for row in map(_text, call.args)]


def _markers(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.promise"):
            yield node


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError(f"line {node.lineno}: a promise is named by a text, not {ast.unparse(node)}")


def contradictions(rows: Mapping[str, Promise]) -> list[str]:
    """Rows that neither a test proves nor a reason excuses, and those that have both."""
    return [
        f"{name} has {'both a test and' if row.tests else 'neither a test nor'} `unproven`"
        for name, row in rows.items()
        if bool(row.tests) == bool(row.unproven)
    ]


def main() -> None:
    """Print every row with the number of its tests, or why it has none."""
    rows = promises()
    for name, row in rows.items():
        tests = [test for names in row.tests.values() for test in names]
        print(f"{name:9} {f'{len(tests)} tests' if tests else '-- ' + row.unproven:12} {row.when}")
    proven = sum(bool(row.tests) for row in rows.values())
    print(f"{proven} of {len(rows)} rows are proven by tests")
    print("\n".join(contradictions(rows)))


if __name__ == "__main__":
    main()
