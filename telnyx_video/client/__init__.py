"""The clients: one to await, one that blocks."""
