"""Webhook delivery: signed as by Telnyx, retried, then sent to the failover URL.

- ``signing``: the key pair of the server, which is not secret
- ``policy``: where a delivery goes next, and which hosts are refused; pure
- ``dispatcher``: sends them
"""

from telnyx_video.sandbox.webhooks.dispatcher import Dispatcher
from telnyx_video.sandbox.webhooks.policy import RETRIES, Policy
from telnyx_video.sandbox.webhooks.signing import KEY, KEY_SIZE, Signer

__all__ = ["KEY", "KEY_SIZE", "RETRIES", "Dispatcher", "Policy", "Signer"]
