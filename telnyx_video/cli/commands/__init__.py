"""The commands, one file for each group of the API's operations."""
