"""What all tests have at hand."""

# By its name: where the package is not installed, no entry point tells of it.
pytest_plugins = ["pytest_telnyx_video"]
