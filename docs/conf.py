"""How the documentation is built. Nothing here reads the network: no inventories by URL."""

from telnyx_video import __version__

project = "telnyx_video"
author = "telnyx_video contributors"
copyright = author
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"

# Without inventories only our own names can be looked up: a link to anything else stays plain text.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(?:aiohttp|asyncio|attr|attrs|collections|datetime|enum|os|pathlib|types|typing)\..*",
    )
]

html_theme = "furo"
html_title = f"telnyx_video {release}"
html_theme_options = {"navigation_with_keys": True}
