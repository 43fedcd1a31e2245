"""A centre's days in virtual time: the real ACD and memory, drawn callers, no sleeping. See `__main__.py`."""
