"""Dry runs, and what their tasks found."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None

FOREIGN_KEY = "fk_task_dry_run_id_dry_run"


def upgrade() -> None:
    op.create_table(
        "dry_run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("federation_id", sa.String(), nullable=False),
        sa.Column("config", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["federation_id"], ["federation.id"], name="fk_dry_run_federation_id_federation"),
        sa.PrimaryKeyConstraint("id", name="pk_dry_run"),
    )
    op.create_index("ix_dry_run_federation_id", "dry_run", ["federation_id"])
    # SQLite adds a reference only together with its column.
    reference = f"CONSTRAINT {FOREIGN_KEY} REFERENCES dry_run (id) ON DELETE CASCADE"
    op.execute(f"ALTER TABLE task ADD COLUMN dry_run_id VARCHAR {reference}")
    op.add_column("task", sa.Column("dry_run_result", sa.JSON(none_as_null=True), nullable=True))
    op.create_index("ix_task_dry_run_id", "task", ["dry_run_id"])


def downgrade() -> None:
    op.execute("DELETE FROM task WHERE dry_run_id IS NOT NULL")
    op.drop_index("ix_task_dry_run_id", "task")
    with op.batch_alter_table("task") as task:
        task.drop_constraint(FOREIGN_KEY, type_="foreignkey")
        task.drop_column("dry_run_result")
        task.drop_column("dry_run_id")
    op.drop_table("dry_run")
