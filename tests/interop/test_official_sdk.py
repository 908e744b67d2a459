"""The official SDK, written against the real API, works with the sandbox."""

from collections.abc import Iterator

import pytest
import telnyx

from telnyx_video.sandbox import Sandbox


@pytest.fixture
def official() -> Iterator[telnyx.Telnyx]:
    """Return the official client of a fresh sandbox."""
    with (
        Sandbox() as sandbox,
        telnyx.Telnyx(api_key=sandbox.api_key, base_url=sandbox.url, max_retries=0) as client,
    ):
        yield client


def test_a_created_room_is_read_back_as_requested(official: telnyx.Telnyx) -> None:
    """Each field is returned by the create, and by reading the room."""
    asked = {
        "unique_name": "standup",
        "max_participants": 12,
        "enable_recording": True,
        "webhook_event_url": "https://hooks.example.com/rooms",
        "webhook_event_failover_url": "https://backup.example.com/rooms",
        "webhook_timeout_secs": 5,
    }
    created = official.rooms.create(**asked).data
    assert created is not None
    assert created.id is not None
    assert created.record_type == "room"
    assert created.created_at is not None
    assert created.created_at.tzinfo is not None

    read = official.rooms.retrieve(created.id).data
    assert read is not None
    for room in (created, read):
        assert {field: getattr(room, field) for field in asked} == asked


def test_omitted_fields_have_the_published_defaults(official: telnyx.Telnyx) -> None:
    """A room created without any field has an id, ten places and no recording."""
    room = official.rooms.create().data
    assert room is not None
    assert room.id
    assert (room.max_participants, room.enable_recording) == (10, False)


def test_a_second_room_of_the_same_name_is_refused(official: telnyx.Telnyx) -> None:
    """A taken name raises the SDK's error for status 422, and creates nothing."""
    official.rooms.create(unique_name="standup")
    with pytest.raises(telnyx.UnprocessableEntityError):
        official.rooms.create(unique_name="standup")
    assert len(list(official.rooms.list())) == 1


def test_every_room_is_listed_once_over_several_pages(official: telnyx.Telnyx) -> None:
    """Following the pages to the end gives each room once, and the counts agree."""
    names = {f"room-{number}" for number in range(7)}
    for name in names:
        official.rooms.create(unique_name=name)

    first = official.rooms.list(page_size=3)
    assert len(first.data or []) == 3
    assert first.meta is not None
    assert (first.meta.page_number, first.meta.page_size) == (1, 3)
    assert (first.meta.total_pages, first.meta.total_results) == (3, 7)
    assert first.has_next_page()

    listed = [room.unique_name for room in first]
    assert sorted(map(str, listed)) == sorted(names)


def test_a_list_can_be_filtered_by_name(official: telnyx.Telnyx) -> None:
    """Filtering by name returns that room alone."""
    for name in ("standup", "retro"):
        official.rooms.create(unique_name=name)
    found = list(official.rooms.list(filter={"unique_name": "retro"}))
    assert [room.unique_name for room in found] == ["retro"]


def test_an_update_changes_the_given_fields_only(official: telnyx.Telnyx) -> None:
    """Changing one field leaves the others unchanged."""
    created = official.rooms.create(unique_name="standup", max_participants=4).data
    assert created is not None
    assert created.id is not None

    updated = official.rooms.update(created.id, max_participants=8).data
    assert updated is not None
    assert (updated.id, updated.unique_name, updated.max_participants) == (created.id, "standup", 8)
    assert updated.updated_at is not None
    assert created.updated_at is not None
    assert updated.updated_at >= created.updated_at


def test_a_deleted_room_is_gone_and_its_name_free(official: telnyx.Telnyx) -> None:
    """After a deletion the room is not found, and its name can be used again."""
    created = official.rooms.create(unique_name="standup").data
    assert created is not None
    assert created.id is not None

    official.rooms.delete(created.id)
    with pytest.raises(telnyx.NotFoundError):
        official.rooms.retrieve(created.id)
    again = official.rooms.create(unique_name="standup").data
    assert again is not None
    assert again.id != created.id


def test_bounds_are_enforced(official: telnyx.Telnyx) -> None:
    """A field outside its bounds raises the SDK's error for status 422."""
    with pytest.raises(telnyx.UnprocessableEntityError):
        official.rooms.create(max_participants=51)


def test_a_wrong_key_is_refused() -> None:
    """An unknown key raises the SDK's authentication error."""
    with (
        Sandbox() as sandbox,
        telnyx.Telnyx(api_key="wrong", base_url=sandbox.url, max_retries=0) as client,
        pytest.raises(telnyx.AuthenticationError),
    ):
        client.rooms.list()
