"""Each mutant differs from its module in one place, and nothing that does nothing is changed."""

import ast

from tests.mutants.mutate import mutants

MODULE = '''
"""A module."""
LIMIT: int = 3
if TYPE_CHECKING:
    LIMIT = 4


def clip(x: float, *, low: float = 0.0) -> float:
    """At least `low`."""
    print("seen")
    if x < low and not LIMIT:
        raise ValueError("x")
    return x + 1
'''


def test_every_kind_of_error_is_planted_once() -> None:
    said = [text for _, text, _ in mutants(MODULE)]
    assert sorted(said) == sorted(
        [
            "3  ->  4",
            "0.0  ->  1.0",
            "print('seen')  ->  (nothing)",
            "if x < low and (not LIMIT)  ->  if not",
            "x < low  ->  x <= low",
            "x < low and (not LIMIT)  ->  x < low or not LIMIT",
            "raise ValueError('x')  ->  raise KeyError",
            "return x + 1  ->  return None",
            "x + 1  ->  x - 1",
            "1  ->  2",
        ]
    )


def test_every_mutant_is_another_program() -> None:
    whole = ast.unparse(ast.parse(MODULE))
    sources = [source for _, _, source in mutants(MODULE)]
    assert len({whole, *sources}) == 1 + len(sources)
    for source in sources:
        ast.parse(source)
