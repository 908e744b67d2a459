"""The state of the server in SQLite. Nothing here knows HTTP."""
