"""A batch over many machines, on Dask: the parts of a job run as tasks of a cluster.

Dask brings the workers, restarts tasks of workers that die, and shows a dashboard. It is
:mod:`telnyx_video.provisioning` that makes each room exactly once. The extra ``dask`` installs what
this needs.

- ``driver``: :func:`provision`, which cuts the input and keeps a few parts in flight
- ``worker``: runs parts in the processes of the cluster
- ``progress``: how far a job has come
"""

from __future__ import annotations

from telnyx_video.dask.driver import provision
from telnyx_video.dask.progress import JobProgress
from telnyx_video.provisioning.job import Job, Summary
from telnyx_video.provisioning.part import provision_part

__all__ = ["Job", "JobProgress", "Summary", "provision", "provision_part"]
