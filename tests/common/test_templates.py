"""A template escapes what it is given, shares one style, and refuses a name it is not given."""

import sys
from pathlib import Path

import pytest

from raicl.common.errors import SetupError
from raicl.common.templates import load_template

jinja2 = pytest.importorskip("jinja2")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "pages_of_tests"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "page.jinja").write_text(
        "{% if shown %}\n  {{ name | twice }}\n  {% endif %}\n{% include 'part.jinja' %}\n"
    )
    (folder / "part.jinja").write_text("part of {{ name }}\n")
    (folder / "styled.jinja").write_text("{% include 'base.css' %}")
    monkeypatch.syspath_prepend(tmp_path)
    return folder.name


def twice(text: str) -> str:
    return text * 2


def test_names_that_come_from_others_are_escaped_and_blocks_leave_no_lines(package: str) -> None:
    page = load_template(package, "page.jinja", needed_by="a page", filters={"twice": twice})
    assert page.render(shown=True, name="<b>") == "  &lt;b&gt;&lt;b&gt;\npart of &lt;b&gt;"


def test_another_way_to_escape_takes_the_place_of_htmls_and_keeps_the_last_line(
    package: str,
) -> None:
    page = load_template(
        package, "page.jinja", needed_by="a card", filters={"twice": twice}, escape=str.upper
    )
    assert page.render(shown=False, name="<b>") == "part of <B>\n"


def test_a_name_that_is_not_given_is_an_error(package: str) -> None:
    page = load_template(package, "part.jinja", needed_by="a page", filters={})
    with pytest.raises(jinja2.UndefinedError):
        page.render()


def test_without_jinja2_the_remedy_is_told(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)  # as if it were not installed
    with pytest.raises(SetupError, match="a page needs jinja2"):
        load_template(package, "part.jinja", needed_by="a page", filters={})


def test_every_page_can_have_the_style_that_all_share(package: str) -> None:
    page = load_template(package, "styled.jinja", needed_by="a page", filters={})
    style = Path(__file__).parents[2] / "common/base.css"
    assert page.render() == style.read_text(encoding="utf-8").rstrip("\n")
