"""Sends one HTTP request and receives its response whole: the only client-side use of aiohttp."""
