"""Calls under legal hold, and recordings that retention has removed."""

import sqlalchemy as sa
from alembic import op

from ntpd112.cdr.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cdrs", sa.Column("recording_removed_at", UtcDateTime()))
    op.add_column("cdrs", sa.Column("held_at", UtcDateTime()))
    op.add_column("cdrs", sa.Column("held_by", sa.Text()))
    op.add_column("cdrs", sa.Column("hold_reason", sa.Text()))
    op.create_index("cdrs_by_hold", "cdrs", ["held_at"])
    there = sa.text("recording IS NOT NULL AND recording_removed_at IS NULL")
    op.create_index("cdrs_with_sound", "cdrs", ["started_at"], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    op.drop_index("cdrs_with_sound", "cdrs")
    op.drop_index("cdrs_by_hold", "cdrs")
    for column in ("hold_reason", "held_by", "held_at", "recording_removed_at"):
        op.drop_column("cdrs", column)
