"""Dry runs and predictions, and what their tasks answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Tables that own tasks.
OWNERS = ("dry_run", "prediction")


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
    op.create_table(
        "prediction",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_prediction_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_prediction"),
    )
    op.create_index("ix_prediction_run_id", "prediction", ["run_id"])
    with op.batch_alter_table("task") as task:
        for table in OWNERS:
            task.add_column(sa.Column(f"{table}_id", sa.String(), nullable=True))
            task.create_foreign_key(f"fk_task_{table}_id_{table}", table, [f"{table}_id"], ["id"], ondelete="CASCADE")
        task.add_column(sa.Column("answer", sa.JSON(none_as_null=True), nullable=True))
    for table in OWNERS:
        op.create_index(f"ix_task_{table}_id", "task", [f"{table}_id"])


def downgrade() -> None:
    op.execute("DELETE FROM task WHERE dry_run_id IS NOT NULL OR prediction_id IS NOT NULL")
    for table in OWNERS:
        op.drop_index(f"ix_task_{table}_id", "task")
    with op.batch_alter_table("task") as task:
        for table in OWNERS:
            task.drop_constraint(f"fk_task_{table}_id_{table}", type_="foreignkey")
            task.drop_column(f"{table}_id")
        task.drop_column("answer")
    for table in OWNERS:
        op.drop_table(table)
