"""The values that the API accepts: fields of bodies with their bounds, parameters of lists.

A body is refused with one problem for each wrong field; parameters with the first problem only,
since their published error holds one message.
"""
