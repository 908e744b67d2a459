"""The recordings, once they are taken: looked for and deleted, one or many."""

from telnyx_video.sandbox.state.database import Database
from telnyx_video.sandbox.state.queries import Query
from telnyx_video.sandbox.state.records import Recording
from telnyx_video.sandbox.state.tables import Table


def recordings_in(database: Database) -> Table[Recording]:
    """Return the table of recordings."""
    return Table(
        database,
        "recordings",
        Recording,
        computed={
            "status": "CASE WHEN ended_at IS NULL THEN 'processing' ELSE 'completed' END",
            "started_at": "created_at",
        },
    )


def delete_recordings(
    database: Database, table: Table[Recording], query: Query, *, one_page: bool
) -> int:
    """Remove the recordings that match, on one page or on all, and return how many they were."""
    with database.transaction():
        doomed = table.page(query)[0] if one_page else table.matching(query)
        for recording in doomed:
            table.delete(recording.id)
    return len(doomed)
