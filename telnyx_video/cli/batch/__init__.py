"""The ``batch`` command: reads a file of rooms, checks all of it, then creates them."""
