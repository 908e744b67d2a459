"""The operations of the API: a `Call` in, a `Reply` out, no I/O except the store's.

How they travel over HTTP is in `app`.
"""

from telnyx_video.sandbox.api.calls import Call, Operation
from telnyx_video.sandbox.api.core import Api

__all__ = ["Api", "Call", "Operation"]
