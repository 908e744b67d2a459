"""The operations of the API: a `Call` in, a `Reply` out, no I/O except the store's."""
