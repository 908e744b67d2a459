"""A batch in parts, for several processes or machines, on any engine.

A *job* is an input that is cut into parts of some 5,000 rooms, and a folder of outcomes. Any
process may provision any part, even more than once: rooms are identified by their names, and the
outcomes of a part are published once. :mod:`telnyx_video.dask` runs the parts on Dask.

- ``job``: the manifest, the parts that are done, the summary and the outcomes
- ``part``: :func:`provision_part`, which provisions one part
- ``inputs``: files, cut into parts and read again
- ``rows``: cells and values of files as requests
- ``storage``: files that are published once, on a disk or in an object store
"""

from __future__ import annotations

from telnyx_video.provisioning.inputs import FilePart, Part, RowsPart
from telnyx_video.provisioning.job import Job, Summary
from telnyx_video.provisioning.part import provision_part

__all__ = ["FilePart", "Job", "Part", "RowsPart", "Summary", "provision_part"]
