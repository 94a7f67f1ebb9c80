"""How Sphinx builds the site: MyST Markdown, furo, and the extensions in ``extensions/``."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "raicl"
author = copyright = "The raicl authors"
version = release = installed_version("raicl")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "house_docstrings",  # before napoleon, which reads what it writes
    "sphinx.ext.napoleon",
    "mathml",
    "tutorial_output",
    "examples",
    "command_options",
    "settings_tables",
    "limits_table",
    "presets_table",
    "promises_table",
    "model_fields",
    "whole_names",
    "wide_cells",
]
exclude_patterns = ["extensions"]

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 5  # links such as method.md#346-consistency-of-the-regions-l_c

napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # attributes as one list, without the types that the signature has
napoleon_attr_annotations = False
toc_object_entries = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "exclude-members": "model_config"}
default_role = "code"  # a single backtick in a docstring is a name

nitpicky = True
nitpick_ignore_regex = [
    # the build needs no network, so nothing outside raicl can be linked
    (r"py:.*", r"(?!raicl\.).*"),
    # settings and the contents of files have tables of their own in the reference
    (r"py:.*", r"raicl\..*\b(settings|records|manifest|protocol)\..*"),
    # how a cache proves its files, which callers leave to it
    (r"py:.*", r"raicl\.common\.cache\.(seal\.Stamp|trial\.Trial)"),
]

html_theme = "furo"
html_title = "raicl"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
templates_path: list[str] = []
