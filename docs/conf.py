"""How the documentation is built. Nothing here reads the network: no inventories by URL."""

import aiohttp
from sphinx.application import Sphinx

from telnyx_video import __version__, models, observing
from telnyx_video.client import async_client as client
from telnyx_video.client import blocking
from telnyx_video.resources import compositions, participants, recordings, rooms, sessions

project = "telnyx_video"
author = "telnyx_video contributors"
copyright = author
release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_inline_tabs",
]
exclude_patterns = ["_build"]
default_role = "code"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"

# Imported there for type checkers only, or returned by the blocking twins; to read the signatures,
# they have to be there.
AIOHTTP = ("ClientSession", "ClientTimeout", "TraceConfig")
LATE = ("DownloadProgress", "JoinToken")
TWINS = ("BlockingOutcomeStream", "Pager")
for module in (client, compositions, participants, recordings, rooms, sessions):
    vars(module).update({name: getattr(aiohttp, name) for name in AIOHTTP})
    vars(module).update({name: getattr(models, name) for name in LATE})
    vars(module).update({name: getattr(blocking, name) for name in TWINS}, Hook=observing.Hook)

# Without inventories only our own names can be looked up: a link to anything else stays plain text.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(?:aiohttp|asyncio|attrs|collections|datetime|distributed|enum|os|ssl|types|typing)\..*",
    ),
    ("py:class", "|".join(AIOHTTP)),  # constructors show them by their names alone
    (
        "py:class",
        "KeyProvider|ClientMiddlewareType|SSLContext|Method|Params|"
        "Next|OnEvent|PublicKeys|OnProgress|Part|.*\\.(?:Connect|Collection|Part|Rooms)",
    ),  # aliases and protocols, which their users explain
    ("py:class", "MeterProvider|TracerProvider"),  # of OpenTelemetry
    ("py:class", r"telnyx_video(\.\w+)+\.[A-Z]"),  # type variables
]

# `type` in a signature is Python's own; here it is taken for one of the fields of that name.
suppress_warnings = ["ref.python"]

# The button copies commands without their prompt and their output; outputs have no button.
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
copybutton_selector = "div:not(.highlight-output) > div.highlight > pre"
copybutton_line_continuation_character = "\\"

html_theme = "furo"
html_title = f"telnyx_video {release}"
html_theme_options = {"navigation_with_keys": True}
html_static_path = ["_static"]
html_extra_path = ["llms.txt"]
html_css_files = ["outputs.css"]


def keep_colons(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep napoleon from taking "One line: what happened" for a type and its description.

    It looks at the first line only, which is now an empty comment.
    """
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]


def setup(app: Sphinx) -> None:
    """Run before napoleon, whose priority is 500."""
    app.connect("autodoc-process-docstring", keep_colons, priority=400)
