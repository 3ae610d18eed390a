"""What is kept of an artifact and of a round, who holds an upload, and how full the workers' disks are."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("artifact", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("artifact", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("artifact", sa.Column("problem", sa.String(), nullable=True))
    op.execute("UPDATE artifact SET used_at = created_at")
    with op.batch_alter_table("artifact") as batch:
        batch.alter_column("used_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    op.create_table(
        "artifact_hold",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["artifact.sha256"], name="fk_artifact_hold_sha256_artifact", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_artifact_hold_task_id_task", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sha256", "task_id", name="pk_artifact_hold"),
    )
    op.create_index("ix_artifact_hold_task_id", "artifact_hold", ["task_id"])
    op.add_column("run_round", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("worker", sa.Column("disk_free", sa.BigInteger(), nullable=True))
    op.add_column("worker", sa.Column("disk_total", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("worker", "disk_total")
    op.drop_column("worker", "disk_free")
    op.drop_column("run_round", "removed_at")
    op.drop_index("ix_artifact_hold_task_id", table_name="artifact_hold")
    op.drop_table("artifact_hold")
    op.drop_column("artifact", "problem")
    op.drop_column("artifact", "held_until")
    op.drop_column("artifact", "used_at")
