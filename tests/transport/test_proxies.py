"""Which proxy a URL is requested through."""

from telnyx_video._transport.session import Proxies


def test_what_is_not_a_url_has_no_proxy() -> None:
    """Sending there fails with an error of its own."""
    assert Proxies(None, trust_env=True).for_url("https://[::1/file") is None
