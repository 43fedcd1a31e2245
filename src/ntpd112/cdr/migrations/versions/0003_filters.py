"""Indexes for the filters that had none: rare values of them were looked for in every CDR."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FILTERS = ("queue", "trunk", "disposition")


def upgrade() -> None:
    for name in FILTERS:
        op.create_index(f"cdrs_by_{name}", "cdrs", [name, "started_at", "id"])


def downgrade() -> None:
    for name in FILTERS:
        op.drop_index(f"cdrs_by_{name}", "cdrs")
