"""What workers compute with; how many rounds a run has in the end."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("worker", sa.Column("num_gpus", sa.Integer(), nullable=True))
    op.add_column("run", sa.Column("early_stop", sa.JSON(), nullable=True))
    op.add_column("run", sa.Column("extensions", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "extensions")
    op.drop_column("run", "early_stop")
    op.drop_column("worker", "num_gpus")
