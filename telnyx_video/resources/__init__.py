"""Operations by what they are about: rooms, sessions, participants, recordings, compositions.

A client is a group itself, that of the rooms, and has one of each other: ``rooms.sessions``,
``rooms.participants``, ``rooms.recordings``, ``rooms.compositions``. Those load when first used.
"""
