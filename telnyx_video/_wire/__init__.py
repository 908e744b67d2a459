"""Bytes and models: builds every request, and reads every reply into a model or a typed error.

It does no I/O and reads no clock. Any bytes may come in; only the package's own errors come out.
"""
