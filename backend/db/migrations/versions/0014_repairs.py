"""Repairs of masks: which a case needed, which would help a skipped one, and which data somebody has looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("repairs", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("case", sa.Column("remedies", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("dataset", sa.Column("confirmed_fingerprint", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("dataset", "confirmed_fingerprint")
    op.drop_column("case", "remedies")
    op.drop_column("case", "repairs")
