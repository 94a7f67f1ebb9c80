"""How the flags of implausible clips do: ``python -m tests.benchmarks.implausible [FOLDER]``.

Clean clips of synthetic people (several seeds and difficulties), and copies of them in which
something went wrong. The table says how many of them get which flag, and what their numbers are.
docs/limits.md has it. The databases are kept in FOLDER, if it is given.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from raicl.common.implausible import DOUBTS
from raicl.data.synthetic.course import Course
from raicl.preprocess import process_frames
from raicl.preprocess.settings import PrepSettings
from tests.preprocess import disturbed as d

SETTINGS = PrepSettings(flow_profile="fast")
SOURCES: tuple[tuple[str, int, Course], ...] = (
    ("default", 0, "symmetric"),
    ("medium", 11, "published"),
    ("hard", 7, "published"),
    ("similar", 23, "symmetric"),
)
SUBJECTS, CLIPS, DISTURBED = 4, 3, 2  # of each source; of every so many people a clip is disturbed
NUMBERS = [doubt.number for doubt in DOUBTS]
Copy = Callable[[d.Frames], d.Frames]


def copies(clip: d.Frames, other: d.Frames) -> Iterator[tuple[str, Copy]]:
    eyes, half = d.eyes_of(clip), len(clip) // 2
    yield "cut to another person", d.cut_to(other, half)
    yield "cut to no face", lambda c: d.without_face(c, half)
    yield "cut to black", lambda c: d.darkened(c, half)
    for count in (1, 4, len(clip) - 1):
        yield f"{count} frames repeated", lambda c, n=count: d.frozen(c, n)
    for sigma in (1.0, 1.5, 2.0, 3.0):
        yield f"onset blurred, {sigma:g} px", lambda c, s=sigma: d.blurred_onset(c, s)
    for px in (4, 6, 12, 15, 24):
        yield f"moved by {px} px", lambda c, p=px: d.moved(c, p, eyes)
    for px in (0.25, 0.5, 1.0, 2.0):
        yield f"interlaced, {px:g} px", lambda c, p=px: d.interlaced(c, p)
    for width in (0.4, 0.8, 1.2):
        yield f"mouth covered, {width:g} wide", lambda c, w=width: d.covered(c, w, eyes)
    yield "the same, dark", lambda c: d.covered(c, 1.2, eyes, light=60)


def main() -> None:
    """Print a row for clean clips, and one for each copy."""
    found: dict[str, list[tuple[tuple[str, ...], dict[str, float]]]] = {}

    def add(name: str, frames: d.Frames) -> None:
        clip = process_frames(frames, settings=SETTINGS)
        quality = clip.record.quality
        assert quality is not None
        found.setdefault(name, []).append((clip.flags, quality.to_json()))

    for difficulty, seed, course in SOURCES:
        with tempfile.TemporaryDirectory() as folder:
            clips = list(
                d.synthetic_clips(
                    Path(sys.argv[1] if sys.argv[1:] else folder, difficulty),
                    seed=seed,
                    difficulty=difficulty,
                    course=course,
                    subjects=SUBJECTS,
                    clips=CLIPS,
                    settings=SETTINGS,
                )
            )
        for number, clip in enumerate(clips):
            add(f"clean, {difficulty}", clip)
            if number % (DISTURBED * CLIPS) == 0:
                for name, copy in copies(clip, clips[(number + CLIPS) % len(clips)]):
                    add(name, copy(clip))
        print(f"{difficulty} done", file=sys.stderr)
    print("| clips | n | flags |", " | ".join(NUMBERS), "|")
    print("|---" * (3 + len(NUMBERS)) + "|")
    for name, rows in found.items():
        flags = Counter(flag for given, _ in rows for flag in given)
        said = ", ".join(f"{n} {flag}" for flag, n in flags.items()) or "none"
        spans = []
        for number in NUMBERS:
            values = [numbers[number] for _, numbers in rows if number in numbers]
            spans.append(f"{min(values):.3g} to {max(values):.3g}" if values else "unknown")
        print(f"| {name} | {len(rows)} | {said} |", " | ".join(spans), "|")


if __name__ == "__main__":
    main()
