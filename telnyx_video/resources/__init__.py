"""The API's resources: rooms, sessions, participants, recordings, compositions; one file each.

A client is the resource of the rooms itself, and has one attribute for each of the others:
``rooms.sessions``, ``rooms.participants``, ``rooms.recordings``, ``rooms.compositions``. Those are
imported when first used.
"""
