"""What workers compute with."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("worker", sa.Column("num_gpus", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("worker", "num_gpus")
