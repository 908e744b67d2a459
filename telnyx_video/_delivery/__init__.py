"""One create, from its first failure to its end: each decision, and nothing but decisions.

No I/O, no clock: it is told what happened, when, and a random number, and answers with the next
step. The caller carries the step out and reports back::

    POST failed ──► may it have been applied?
      no  ──────► wait, POST again
      yes ──────► has it a name?
            no  ► OutcomeUnknownError, without another POST
            yes ► wait, look the name up
                    found ────► made by us: return it; made before: if_exists decides
                    absent ───► POST again, since the server refuses a second room of the name

The promise: exactly one room for each name, given that the server enforces unique names.

- ``delivery``: the state machine;
- ``steps``: what it answers with;
- ``rooms``: what a room that was found tells;
- ``endings``: the errors that it may end with.
"""

from telnyx_video._delivery.delivery import Delivery
from telnyx_video._delivery.rooms import differing_fields
from telnyx_video._delivery.steps import (
    Delivered,
    IfExists,
    LookUp,
    Send,
    Step,
    Update,
    Wait,
)

__all__ = [
    "Delivered",
    "Delivery",
    "IfExists",
    "LookUp",
    "Send",
    "Step",
    "Update",
    "Wait",
    "differing_fields",
]
