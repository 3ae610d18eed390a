"""What a run's best round was compared on. Null for runs of before."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("compared", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "compared")
