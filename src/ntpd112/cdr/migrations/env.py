"""Alembic's entry: migrates the connection that `database.py` hands over."""

from alembic import context

from ntpd112.cdr.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
