"""The reply to a create as bytes: a new room of the requested name, built cheaply."""

_ROOM = (
    b'{"data":{"id":"%08x-4df3-4bca-a65a-3da1ecc777f0","record_type":"room",'
    b'%s"max_participants":12,"enable_recording":false,'
    b'"webhook_event_url":"https://hooks.example.com/rooms","webhook_event_failover_url":"",'
    b'"webhook_timeout_secs":null,"active_session_id":null,'
    b'"created_at":"2024-03-01T00:00:00.954863Z","updated_at":"2024-03-01T00:00:00.954863Z"}}'
)

_REPLY = (
    b"HTTP/1.1 201 Created\r\n"
    b"Date: Fri, 01 Mar 2024 00:00:01 GMT\r\n"
    b"Content-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"X-Request-Id: 8f1c2e9e-5a0d-4c55-9a0a-3f0f9d2f6c11\r\n"
    # As the API sends them, with a limit that is never reached.
    b"X-RateLimit-Limit: 1000000000\r\n"
    b"X-RateLimit-Remaining: 999999999\r\n"
    b"X-RateLimit-Reset: 1\r\n"
    b"\r\n%s"
)

_NAME = b'"unique_name":'


def created_reply(request: bytes, number: int) -> bytes:
    """Return the reply to a create.

    Args:
        request: The complete request, with compact JSON.
        number: The number of the room, part of its id.
    """
    name = b""
    start = request.find(_NAME)
    if start >= 0:
        end = request.index(b'"', start + len(_NAME) + 1) + 1
        name = request[start:end] + b","
    room = _ROOM % (number, name)
    return _REPLY % (len(room), room)
