"""Each test of a database runs on SQLite and on PostgreSQL."""

from tests.cdr.conftest import engine, postgres_server, url

__all__ = ["engine", "postgres_server", "url"]
