"""Webhooks, really delivered: signed as Telnyx does, tried again, then taken to the failover URL.

- ``signing``: the key pair of the server, which is no secret
- ``policy``: where a delivery goes next, and where none may go; pure
- ``courier``: takes them there
"""

from telnyx_video.sandbox.webhooks.courier import Courier
from telnyx_video.sandbox.webhooks.policy import RETRIES, Policy
from telnyx_video.sandbox.webhooks.signing import KEY, KEY_SIZE, Signer

__all__ = ["KEY", "KEY_SIZE", "RETRIES", "Courier", "Policy", "Signer"]
