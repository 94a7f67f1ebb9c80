"""The life of a cache: written, killed, resumed, packed, damaged, repaired, in any order.

Whatever happens, a reader gets the instances that were written or an error with a remedy.
"""

import os
import shutil
import warnings
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from raicl.common import files
from raicl.common.cache.flows import Cache, open_cache, read_index, shards_folder, write_index
from raicl.common.cache.holding import hold_output
from raicl.common.cache.packing import pack
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.repair import repair
from raicl.common.cache.seal import DamagedError
from raicl.common.cache.shards import read_shard, write_shard
from raicl.common.cache.validation import survey
from raicl.common.clip import Clip
from raicl.common.errors import InputError
from tests.common.conftest import make_shard
from tests.sealed import unseal

SHARDS = [make_shard(seed, n=2) for seed in range(4)]
NAMES = [f"{shard.base[-24:]}-{shard.fingerprint[-24:]}.h5" for shard in SHARDS]
RECORDS = [
    ClipRecord(
        clip=Clip(
            dataset="d", subject="s", name=f"c{seed}", emotion="e", onset=4, offset=9, fps=200.0
        ),
        frames=(5, 6),
        middle=1,
        n_frames=6,
        shard=name,
        digest=shard.digest,
    )
    for seed, (shard, name) in enumerate(zip(SHARDS, NAMES, strict=True))
]
TRUTH = {record.id: record.digest for record in RECORDS}


def write(flows: Path, count: int) -> None:
    """What raicl-prep does: keep whole shards, make the others, write the index last."""
    with hold_output(flows, None):
        shards_folder(flows).mkdir(exist_ok=True)
        for shard, name in zip(SHARDS[:count], NAMES, strict=False):
            path = shards_folder(flows) / name
            try:
                read_shard(path)
            except InputError:
                write_shard(path, shard)
        write_index(flows, RECORDS[:count], size=16, settings={"engine": "opencv"})


def killed(flows: Path, count: int, syncs: int) -> None:
    """The same by a process that is gone without a trace after so many syncs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads of numpy
        pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    really, done = files._sync, 0

    def sync(path: Path) -> None:
        nonlocal done
        if done == syncs:
            os._exit(9)
        done += 1
        really(path)

    files._sync = sync
    try:
        write(flows, count)
    finally:
        os._exit(0)


class Life(RuleBasedStateMachine):
    """A cache and perhaps a packed copy, with what a user and fate do to them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.flows, self.one = self.folder / "flows.h5", self.folder / "one.h5"
        self.hurt: set[Path] = set()  # files that were damaged and not written since

    def teardown(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.folder)

    @initialize(count=st.integers(1, 4))
    def begin(self, count: int) -> None:
        """A first cache."""
        write(self.flows, count)

    @rule(count=st.integers(1, 4))
    def prepare(self, count: int) -> None:
        """Whatever was wrong, the command that made the cache makes it whole."""
        write(self.flows, count)
        self.hurt &= {self.one, *(shards_folder(self.flows) / name for name in NAMES[count:])}
        assert [record.id for record in open_cache(self.flows).records] == list(TRUTH)[:count]
        assert not list(self.folder.rglob("*.tmp"))
        found = survey(self.flows)
        assert (found.faults, found.damage) == ([], None)

    @rule(count=st.integers(1, 4), syncs=st.integers(0, 12))
    def kill(self, count: int, syncs: int) -> None:
        """A killed writer leaves the old index or the new one, and whole shards."""
        before = self.flows.read_bytes() if self.flows.exists() else b""
        killed(self.flows, count, syncs)
        if self.flows.read_bytes() != before:
            self.hurt.discard(self.flows)
        for path in [*self.hurt]:
            if path.parent != self.folder and self.is_whole(path):
                self.hurt.remove(path)

    def is_whole(self, path: Path) -> bool:
        """Whether a shard holds what it should."""
        try:
            return read_shard(path).digest == SHARDS[NAMES.index(path.name)].digest
        except InputError:
            return False

    @rule(data=st.data(), how=st.sampled_from(["flip", "cut", "delete", "old"]))
    def damage(self, data: st.DataObject, how: str) -> None:
        """A bit, a length or a whole file is lost, or an older raicl had written it."""
        there = [self.flows, *sorted(shards_folder(self.flows).glob("*.h5"))]
        there += [self.one] if self.one.exists() else []
        victim = data.draw(st.sampled_from([path for path in there if path not in self.hurt]))
        content = bytearray(victim.read_bytes())
        if how == "old":
            if content.startswith(b"raicl-seal"):
                unseal(victim)
            return
        place = data.draw(st.integers(0, 8 * len(content) - 1))
        if how == "delete" and victim.parent != self.folder:
            victim.unlink()
        elif how == "cut":
            victim.write_bytes(content[: place // 8])
        else:
            content[place // 8] ^= 1 << place % 8
            victim.write_bytes(content)
        self.hurt.add(victim)

    @precondition(lambda self: not self.hurt)
    @rule()
    def pack(self) -> None:
        """A packed copy holds the same."""
        pack(open_cache(self.flows), self.one)
        assert open_cache(self.one).digest == open_cache(self.flows).digest

    @rule(packed=st.booleans())
    def mend(self, packed: bool) -> None:
        """Repair leaves a cache that opens, of clips that were whole, or says what to do."""
        path = self.one if packed else self.flows
        if not path.exists():
            return
        before = self.readable(path)
        try:
            done = repair(path)
        except DamagedError as error:
            self.expect(error, path)
            return
        assert [record.id for record in open_cache(path).records] == before
        assert done.kept == len(before)
        if packed:
            self.hurt.discard(path)
        else:
            self.hurt &= {self.one}
        found = survey(path)
        assert (found.faults, found.damage) == ([], None)

    def readable(self, path: Path) -> list[str]:
        """The clips that a survey finds whole; none if there is no survey."""
        try:
            found = survey(path)
        except InputError:
            return []
        bad = {fault.id for fault in found.faults}
        return [record.id for record in found.cache.records if record.id not in bad]

    @invariant()
    def nothing_is_read_that_was_not_written(self) -> None:
        """Each clip of each cache is what it was, or refused with a remedy."""
        for path in (self.flows, self.one):
            if not path.exists():
                continue
            try:
                cache = read_index(path)
            except InputError as error:
                self.expect(error, path)
                continue
            for record in cache.records:
                self.look(cache, record)

    def look(self, cache: Cache, record: ClipRecord) -> None:
        """A clip is read rightly, or its file is one that was damaged."""
        file = cache.path if cache.packed else cache.shard_path(record)
        try:
            assert cache.read(record).digest == TRUTH[record.id]
        except InputError as error:
            self.expect(error, file)

    def expect(self, error: InputError, path: Path) -> None:
        """An error is of a file that was damaged, and names a remedy."""
        assert path in self.hurt, error
        assert "raicl" in error.fix


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=7,
    stateful_step_count=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # a failure shows its steps; shrinking them would take minutes
    suppress_health_check=list(HealthCheck),
)
