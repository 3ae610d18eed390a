"""Statistics of data sets; null where the last check was before there were any."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dataset", sa.Column("statistics", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("dataset", "statistics")
