"""A batch over many machines, on Dask: the parts of a job run as tasks of a cluster.

Dask brings the workers, restarts tasks of workers that die, and shows a dashboard. That no room is
made twice and none is lost does not rest on it, but on :mod:`telnyx_video.provisioning`. The extra
``dask`` installs what this needs.

- ``driver``: :func:`provision`, which keeps a few parts in flight
- ``worker``: what runs in the processes of the cluster
- ``collections``: bags and frames as parts
- ``progress``: how far a job has come
"""

from __future__ import annotations

from telnyx_video.dask.driver import provision
from telnyx_video.dask.progress import JobProgress
from telnyx_video.provisioning import Job, Summary, provision_part

__all__ = ["Job", "JobProgress", "Summary", "provision", "provision_part"]
