"""How many images a batch of predictions waits for, and when it was cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("prediction_batch") as table:
        table.add_column(sa.Column("num_expected", sa.Integer(), nullable=True))
        table.add_column(sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("prediction_batch") as table:
        table.drop_column("cancelled_at")
        table.drop_column("num_expected")
