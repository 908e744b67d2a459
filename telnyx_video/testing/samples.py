"""Values such as Telnyx sends, for fields that events and objects have alike."""

from __future__ import annotations

SAMPLES: dict[str, object] = {
    "codec": "opus",
    "context": '{"username": "Ada"}',
    "download_url": "https://example.com/file",
    "duration_secs": 84,
    "resolution": "1280x720",
    "size_mb": 5.6,
}
