"""Files to disk: whole or not at all, going on after a break where it came.

- ``course``: what to ask for next, and what an answer means; pure decisions
- ``part``: the file beside, until it is whole
- ``download``: carries it out
"""

from telnyx_video._download.download import Located, Report, download

__all__ = ["Located", "Report", "download"]
