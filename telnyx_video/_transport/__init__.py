"""Sends one HTTP request and receives its reply whole: the only client-side use of aiohttp.

- ``transport``: sending through a session and its pool;
- ``session``: the session that a client makes for itself;
- ``body``: bodies that know whether they were written, and bodies of bounded size;
- ``direct``: requests that write themselves, without a task;
- ``lent``: what others may do to a body in a session of the caller's;
- ``files``: files at other hosts, in pieces, without the key;
- ``proxies``: by which proxy to go there;
- ``limits``: time-outs;
- ``arguments``: what a client is given to connect with, checked;
- ``watch``: what is under way, and ending it;
- ``failures``: what a failure of aiohttp means;
- ``secret``: the key, and keeping it out of sight;
- ``watched``: the same for a client that has hooks; not loaded by others.
"""

from telnyx_video._transport.arguments import check_connecting
from telnyx_video._transport.body import MAX_BODY
from telnyx_video._transport.failures import SENT
from telnyx_video._transport.limits import as_timeout, check_timeout
from telnyx_video._transport.session import KEEPALIVE, USER_AGENT
from telnyx_video._transport.transport import Transport

__all__ = [
    "KEEPALIVE",
    "MAX_BODY",
    "SENT",
    "USER_AGENT",
    "Transport",
    "as_timeout",
    "check_connecting",
    "check_timeout",
]
