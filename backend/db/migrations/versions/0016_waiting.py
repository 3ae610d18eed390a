"""For whom a run waits and since when: times of tasks, of workers and of the backend itself.

Old tasks were queued when they were sent last; of a worker that was offline already, its last sign of life counts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task", sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("task", sa.Column("progress_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE task SET queued_at = sent_at")
    op.add_column("worker", sa.Column("num_hung", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("worker", sa.Column("offline_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(sa.text("UPDATE worker SET offline_since = last_seen_at WHERE NOT online"))
    op.create_table(
        "moment",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_moment")),
    )


def downgrade() -> None:
    op.drop_table("moment")
    for table, column in (
        ("worker", "offline_since"),
        ("worker", "num_hung"),
        ("task", "progress_at"),
        ("task", "queued_at"),
    ):
        op.drop_column(table, column)
