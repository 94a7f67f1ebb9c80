"""The one door to jinja2, optional (extra `demo`), loaded when a template is filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from raicl.common.errors import SetupError

if TYPE_CHECKING:
    from jinja2 import Template


def load_template(
    package: str,
    name: str,
    *,
    needed_by: str,
    filters: Mapping[str, Callable[..., Any]],
    escape: Callable[[Any], Any] | None = None,
) -> Template:
    """A template that lies beside the code of a package. A name that it is not given is an error.

    It may include what lies there, and ``base.css``, the style that all pages share.

    Parameters
    ----------
    needed_by : what cannot be written without jinja2, in the words of the error.
    filters : filters of its own, by name.
    escape : makes every value safe that is put in. None escapes for HTML.

    Raises
    ------
    SetupError : jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError as error:
        raise SetupError(f"{needed_by} needs jinja2", fix="pip install 'raicl[demo]'") from error
    folders = {"base.css": files("raicl.common")}
    environment = Environment(
        loader=FunctionLoader(
            lambda name: folders.get(name, files(package)).joinpath(name).read_text("utf-8")
        ),
        autoescape=escape is None,  # names of clips, classes and folders come from others
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=escape is not None,
    )
    environment.filters.update(filters)
    return environment.get_template(name)
