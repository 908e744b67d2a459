"""Which proxy is used for a URL."""

from telnyx_video._transport.session import Proxies


def test_an_invalid_url_has_no_proxy() -> None:
    """Sending a request there fails with its own error."""
    assert Proxies(None, trust_env=True).for_url("https://[::1/file") is None
