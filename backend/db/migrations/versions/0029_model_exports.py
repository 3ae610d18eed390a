"""Forms of models for other programs, which tasks make."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_export",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_model_export_run_id_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_export")),
    )
    op.create_index(op.f("ix_model_export_run_id"), "model_export", ["run_id"])
    with op.batch_alter_table("task") as task:
        task.add_column(sa.Column("export_id", sa.String(), nullable=True))
        task.create_foreign_key(
            op.f("fk_task_export_id_model_export"), "model_export", ["export_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index(op.f("ix_task_export_id"), "task", ["export_id"])


def downgrade() -> None:
    op.execute("DELETE FROM task WHERE export_id IS NOT NULL")
    op.drop_index(op.f("ix_task_export_id"), "task")
    with op.batch_alter_table("task") as task:
        task.drop_constraint(op.f("fk_task_export_id_model_export"), type_="foreignkey")
        task.drop_column("export_id")
    op.drop_table("model_export")
