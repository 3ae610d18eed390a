"""Why work of runs waits at a hospital, by its own policy."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site_credential", sa.Column("pause", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("site_credential", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("site_credential", "paused_at")
    op.drop_column("site_credential", "pause")
