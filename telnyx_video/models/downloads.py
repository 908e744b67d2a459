"""How far a download is."""

from __future__ import annotations

import attrs


@attrs.frozen
class DownloadProgress:
    """Told while a recording or composition is downloaded, about once a MiB."""

    received: int
    """Bytes that have come. It goes back to 0 if the file has to be fetched from the start."""
    total: int | None
    """Bytes of the whole file, if the server tells."""
