"""Keys that end and say when they were last used; people's roles, passwords and sessions."""

import sqlalchemy as sa
from alembic import op

from ntpd112.cdr.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("expires_at", UtcDateTime()))
    op.add_column("api_keys", sa.Column("last_used_at", UtcDateTime()))
    op.add_column("api_keys", sa.Column("last_address", sa.Text()))
    op.add_column("operators", sa.Column("role", sa.Text(), nullable=False, server_default="operator"))
    op.create_table(
        "passwords",
        sa.Column(
            "operator", sa.String(64), sa.ForeignKey("operators.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("argon2", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column(
            "operator", sa.String(64), sa.ForeignKey("operators.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
    )
    op.create_index("sessions_by_operator", "sessions", ["operator", "created_at"])


def downgrade() -> None:
    op.drop_table("sessions")
    op.drop_table("passwords")
    op.drop_column("operators", "role")
    for column in ("last_address", "last_used_at", "expires_at"):
        op.drop_column("api_keys", column)
