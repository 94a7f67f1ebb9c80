"""Kill the commands at random moments and damage what they wrote: ``make soak``.

Prints how often each was tried and what was wrong, and ends with 1 if anything was. Every wrong
case is printed with the command that repeats it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.soak import kills
from tests.soak.flips import SHARES, flip_all
from tests.soak.material import write_material
from tests.soak.tally import Tally, table

_PER_TRAIN = 4  # kills of raicl-prep for each of raicl-train, which takes longer
KILLED = {"kill prep": kills.prep, "kill train": kills.train}


def read_options(words: Sequence[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of raicl-prep; a quarter of train")
    parser.add_argument("--flips", type=int, default=10_000, help="bits to flip and files to cut")
    parser.add_argument("--minutes", type=float, default=120, help="begin nothing new after these")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="a new folder that stays, to look at wrong cases")
    parser.add_argument(
        "--repeat",
        metavar="TARGET:NUMBER",
        help=f"one case of {', '.join(SHARES)} under the same seed, as it was printed",
    )
    return parser.parse_args(words)


def soak(options: argparse.Namespace, work: Path) -> list[Tally]:
    """Everything that is asked for, one part after the other, each with its share of the time."""
    if options.repeat:
        target, _, number = options.repeat.partition(":")
        return list(_flip({target: [int(number)]}, options.seed, work, float("inf")))
    end = time.monotonic() + 60 * options.minutes
    wanted = {"kill prep": options.kills, "kill train": options.kills // _PER_TRAIN}
    tallies = []
    for place, (kind, count) in enumerate((k, n) for k, n in wanted.items() if n):
        until = time.monotonic() + (end - time.monotonic()) / (3 - place)
        killed = KILLED[kind](work / kind.replace(" ", "-"))
        tallies.append(kills.kill_often(killed, count, seed=options.seed, until=until))
        print(table(tallies[-1:]), flush=True)
    if options.flips:
        numbers = {name: range(round(share * options.flips)) for name, share in SHARES.items()}
        tallies += _flip(numbers, options.seed, work, end)
    return tallies


def _flip(cases: dict[str, Sequence[int]], seed: int, work: Path, end: float) -> Iterator[Tally]:
    material = work / "material"
    write_material(material)
    for place, (target, numbers) in enumerate(cases.items()):
        until = time.monotonic() + (end - time.monotonic()) / (len(cases) - place)
        in_time = takewhile(_before(until), numbers)
        tally = flip_all(target, in_time, seed=seed, material=material, work=work / "damaged")
        print(table([tally]), flush=True)
        yield tally


def _before(moment: float) -> Callable[[int], bool]:
    return lambda _: time.monotonic() < moment


def main() -> None:
    """Print the table and what was wrong."""
    options = read_options(sys.argv[1:])
    with TemporaryDirectory(prefix="raicl-soak-") as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        tallies = soak(options, work.resolve())
    print(f"\n{table(tallies)}\n\nseed {options.seed}, {(time.monotonic() - began) / 60:.1f} min")
    wrong = [line for tally in tallies for line in tally.wrong]
    print("\n".join(wrong))
    if wrong:
        print(f"repeat a flip: python -m tests.soak --seed {options.seed} --repeat TARGET:NUMBER")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
