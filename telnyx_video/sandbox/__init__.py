"""A faithful Telnyx Video server on this machine, for tests and for trying things without a key.

It shares no code with the client, so that the two cannot agree on the same misreading of the API.
"""

from telnyx_video.sandbox.faults import FaultPlan, FaultPlanError, load_faults
from telnyx_video.sandbox.server import Sandbox

__all__ = ["FaultPlan", "FaultPlanError", "Sandbox", "load_faults"]
