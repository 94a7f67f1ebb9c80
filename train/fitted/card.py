"""Card: what is said of a model, in the form that model hubs read (``README.md``), from a template.

The block at its top is the metadata of Hugging Face's model cards
(https://huggingface.co/docs/hub/model-cards): YAML, whose values are written as JSON, which YAML
contains.
"""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from raicl.common.cache.measure import Measure
from raicl.common.files import write_atomic
from raicl.common.settings import SettingValue
from raicl.common.templates import load_template
from raicl.common.terminal.wording import printable
from raicl.data.database import edition
from raicl.train.clips.overview import remarks
from raicl.train.fitted.folder import CARD, LICENCE
from raicl.train.fitted.records import Fitted, Statistics
from raicl.train.fold.inference import describe_inference
from raicl.train.inputs.scaling import Scale
from raicl.train.run.key import identifying
from raicl.train.scores.absent import describe_absent
from raicl.train.scores.integrity import integrity
from raicl.train.scores.results import SCORE_NAMES, Results, ScoreName
from raicl.train.settings import TrainSettings
from raicl.train.settings.inputs import ScaleName

if TYPE_CHECKING:
    from jinja2 import Template

_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_SHOWN = (0.05, 0.5, 0.95, 0.0, 1.0)  # the quantiles in the card
_FACTS = ("Folds", "Selection", "Duplicates", "Flow")
_SYNTHETIC = "synthetic"


class Licence(BaseModel):
    """What binds weights that were made from something.

    Attributes
    ----------
    title : what they were made from.
    licence : what binds it.
    free : whether nothing does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    licence: str
    free: bool = False


def write_card(folder: Path, name: str, told: Fitted) -> None:
    """Write ``README.md`` and ``LICENSE`` of a model. Equal contents give equal bytes.

    Parameters
    ----------
    name : name of the model.
    told : what is said of it.

    Raises
    ------
    SetupError : jinja2 is not installed.
    """
    values = _values(name, told)
    for file, template in {CARD: "card.md.jinja", LICENCE: "licence.md.jinja"}.items():
        write_atomic(folder / file, card_template(template).render(values).encode())


def card_template(name: str = "card.md.jinja") -> Template:
    """A template of the card.

    Raises
    ------
    SetupError : jinja2 is not installed.
    """
    return load_template(
        "raicl.train.fitted",
        name,
        needed_by="the model card",
        filters={"yaml": _Safe.json, "code": _Safe.code},
        escape=escape,
    )


class _Safe(str):
    """Text that is put in as it is."""

    @classmethod
    def json(cls, value: object) -> _Safe:
        """A text or a number as JSON has it, which YAML and Python read alike."""
        plain = printable(value) if isinstance(value, str) else value
        return cls(json.dumps(plain, ensure_ascii=False, allow_nan=False))

    @classmethod
    def code(cls, text: str) -> _Safe:
        """What stands between backticks, and in a cell of a table."""
        return cls(printable(text).replace("`", "'").replace("|", "/"))


def escape(value: Any) -> Any:
    """A text in which no name can end a cell, begin a link or a tag, or add a line."""
    if isinstance(value, _Safe) or not isinstance(value, str):
        return value
    return _SPECIAL.sub(r"\\\1", printable(value))


def _values(name: str, told: Fitted) -> dict[str, Any]:
    record, scores = told.record, told.scores
    titles = {key: known("databases", key).title for key in record.databases}
    licences = [known("databases", key) for key in record.databases]
    licences.append(_landmarks(record.preparation))
    synthetic = record.databases.get(_SYNTHETIC)
    return {
        **vars(told),
        "name": name,
        "titles": titles,
        "databases": list(titles.values()),
        "edition": edition,
        "synthetic": 0 if synthetic is None else synthetic.clips,
        "remarks": remarks(record.left_out, record.flagged),
        "inference": describe_inference(told.settings),
        "scaling": _scaling(record.scale, record.measure),
        "measure": record.measure,
        "changed": _changed(told.settings),
        "score_names": SCORE_NAMES,
        "interval": _interval,
        "reliability": None if scores is None else scores.results.reliability,
        "uncalibrated": None if scores is None else scores.results.uncalibrated,
        "facts": {} if scores is None else _facts(scores.results),
        "motion": _motion(told.statistics),
        "licences": licences,
        "bound": any(not licence.free for licence in licences),
    }


def known(kind: str, key: str) -> Licence:
    """What raicl knows of a database or a landmark model, by its key.

    Parameters
    ----------
    kind : ``databases`` or ``landmarks``.
    """
    table = files("raicl.train.fitted").joinpath("licences.toml").read_text(encoding="utf-8")
    found = tomllib.loads(table)[kind].get(key)
    if found is None:
        return Licence(title=f"{kind} {key}", licence="raicl does not know its licence")
    return Licence.model_validate(found)


def _landmarks(preparation: dict[str, SettingValue]) -> Licence:
    digest = preparation.get("landmarks")
    if digest is None:
        return Licence(title="landmark model", licence="the caches do not say which one was used")
    return known("landmarks", str(digest))


def _scaling(scale: Scale, measure: Measure) -> str:
    divided = f"divided by {scale.flow:.6g}{measure.px} (flow) and {scale.strain:.6g} (strain)"
    ways: dict[ScaleName, str] = {
        "train-std": divided,
        "const": divided,
        "none": "left as they are",
        "sample-std": "divided by each instance's own standard deviations",
        "sample-maxabs": "divided by each instance's own largest magnitude",
        "sample-zscore": "each channel of each instance given mean 0 and deviation 1",
        "minmax255": "made grey levels, each channel of each instance by itself",
    }
    clipped = "" if scale.clip is None else f", then clipped at {scale.clip:g}"
    return ways[scale.mode] + clipped


def _changed(settings: TrainSettings) -> dict[str, str]:
    """The settings that differ from the paper's defaults and say what is computed."""
    fields = TrainSettings.model_fields
    values = identifying(settings).items()
    return {key: str(value) for key, value in values if value != fields[key].default}


def _facts(results: Results) -> dict[str, str]:
    found = {name: text for name, text in integrity(results).items() if name in _FACTS}
    absent = describe_absent(results.over_tested)
    return found | ({"Classes": absent} if absent else {})


def _interval(results: Results, name: ScoreName) -> str:
    if results.interval_95 is None:
        return "none from one subject"
    low, high = results.interval_95.of(name)
    return f"{low:.4f} to {high:.4f}"


class _Row(NamedTuple):
    meaning: str
    unit: str
    values: list[str]
    clips: int


def _motion(statistics: Statistics) -> list[_Row]:
    rows = []
    for quantity in statistics.quantities.values():
        if quantity.quantiles is not None:
            at = dict(zip(statistics.shares, quantity.quantiles, strict=True))
            shown = [f"{at[share]:.3g}" for share in _SHOWN]
            rows.append(_Row(quantity.meaning, quantity.unit, shown, quantity.clips))
    return rows
