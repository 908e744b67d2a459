"""What the server does with a request: find its operation, let it in or not, apply it, answer.

A `Call` in, a `Reply` out, no I/O but the store's: how either travels is the business of `app`.
"""

from telnyx_video.sandbox.api.calls import Call, Operation
from telnyx_video.sandbox.api.core import Api

__all__ = ["Api", "Call", "Operation"]
