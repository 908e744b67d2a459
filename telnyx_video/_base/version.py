"""The version, read when the distribution is built and when the package is imported."""

__version__ = "0.1.0"
