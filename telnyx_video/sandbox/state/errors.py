"""Why a change cannot be made."""


class NameTakenError(Exception):
    """Another room has this unique name."""


class AbsentError(LookupError):
    """There is nothing of this id."""


class ConflictError(ValueError):
    """What is wanted does not go with how things stand; the text is a sentence about it."""
