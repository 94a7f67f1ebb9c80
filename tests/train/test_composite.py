from collections.abc import Callable
from pathlib import Path

import pytest

from raicl.common.errors import InputError
from raicl.data.protocols import load_protocol
from raicl.train.composite import compose
from raicl.train.folds import leave_one_subject_out

MakeCache = Callable[..., Path]


def test_caches_together_keep_subjects_of_the_same_name_apart(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    paths = [make_cache(tmp_path / f"{name}.h5", dataset=name) for name in ("casme2", "samm")]
    composite = compose(paths, load_protocol("cde"))
    assert composite.datasets == ("casme2", "samm")
    assert len(leave_one_subject_out(composite.clips)) == 6
    assert composite.class_counts(list(composite.records)) == [6, 6, 6]


def test_digest_depends_on_the_instances_and_not_on_the_order_of_caches(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    one = make_cache(tmp_path / "a.h5", dataset="casme2")
    two = make_cache(tmp_path / "b.h5", dataset="samm")
    other = make_cache(tmp_path / "c.h5", dataset="samm", seed=1)
    protocol = load_protocol("cde")
    assert compose([one, two], protocol).digest == compose([two, one], protocol).digest
    assert compose([one, two], protocol).digest != compose([one, other], protocol).digest


def test_clips_outside_the_protocol_are_counted_by_emotion(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    class WithoutSurprise:
        name, classes = "custom", ("negative", "positive")

        def label(self, clip: object) -> int | None:
            return {"disgust": 0, "happiness": 1}.get(clip.emotion)  # type: ignore[attr-defined]

    composite = compose([make_cache(tmp_path / "a.h5")], WithoutSurprise())  # type: ignore[arg-type]
    assert composite.outside == {"surprise": 3}
    assert len(composite.records) == 6


def test_caches_prepared_differently_are_refused_with_the_keys(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    one = make_cache(tmp_path / "a.h5", settings={"flow": "tvl1", "size": 33})
    two = make_cache(tmp_path / "b.h5", dataset="samm", settings={"flow": "other", "size": 33})
    small = make_cache(tmp_path / "c.h5", dataset="smic", size=17, settings={"flow": "tvl1"})
    protocol = load_protocol("cde")
    with pytest.raises(InputError, match="flow: 'tvl1' and 'other'"):
        compose([one, two], protocol)
    with pytest.raises(InputError, match="size: 33 and 17"):
        compose([one, small], protocol)


def test_the_same_cache_twice_is_refused(tmp_path: Path, make_cache: MakeCache) -> None:
    path = make_cache(tmp_path / "a.h5")
    with pytest.raises(InputError, match="is in two caches"):
        compose([path, path], load_protocol("cde"))


def test_one_class_is_refused_with_the_counts(tmp_path: Path, make_cache: MakeCache) -> None:
    path = make_cache(tmp_path / "a.h5", emotions=["happiness"])
    with pytest.raises(
        InputError, match="needs clips of two classes, found 0 negative, 9 positive"
    ):
        compose([path], load_protocol("cde"))
