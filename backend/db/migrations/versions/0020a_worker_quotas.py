"""How much each task and each worker has said: what comes beyond its quota is dropped and counted."""

import sqlalchemy as sa
from alembic import op

revision = "0020a"
down_revision = "0019b"
branch_labels = None
depends_on = None

COUNTS = ("num_said", "num_dropped")


def upgrade() -> None:
    for name in COUNTS:
        op.add_column("task", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_table(
        "worker_day",
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("num_said", sa.Integer(), nullable=False),
        sa.Column("num_dropped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("worker", "day", name=op.f("pk_worker_day")),
    )


def downgrade() -> None:
    op.drop_table("worker_day")
    for name in reversed(COUNTS):
        op.drop_column("task", name)
