"""A faithful local Telnyx Video server, for tests and for trying things without a key.

It shares no code with the client, so that both cannot share one misreading of the API.
"""

from telnyx_video.sandbox.faults.plan import FaultPlan, FaultPlanError, load_faults
from telnyx_video.sandbox.log import LoggedRequest, LoggedRequests
from telnyx_video.sandbox.seed import SeedError
from telnyx_video.sandbox.server import Sandbox

__all__ = [
    "FaultPlan",
    "FaultPlanError",
    "LoggedRequest",
    "LoggedRequests",
    "Sandbox",
    "SeedError",
    "load_faults",
]
