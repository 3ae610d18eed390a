"""Images that are tried together."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prediction_batch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_prediction_batch_run_id_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction_batch")),
    )
    op.create_index(op.f("ix_prediction_batch_run_id"), "prediction_batch", ["run_id"])
    with op.batch_alter_table("prediction") as table:
        table.add_column(sa.Column("batch_id", sa.String(), nullable=True))
        table.create_foreign_key(
            op.f("fk_prediction_batch_id_prediction_batch"),
            "prediction_batch",
            ["batch_id"],
            ["id"],
            ondelete="CASCADE",
        )
        table.create_index(op.f("ix_prediction_batch_id"), ["batch_id"])


def downgrade() -> None:
    with op.batch_alter_table("prediction") as table:
        table.drop_index(op.f("ix_prediction_batch_id"))
        table.drop_constraint(op.f("fk_prediction_batch_id_prediction_batch"), type_="foreignkey")
        table.drop_column("batch_id")
    op.drop_index(op.f("ix_prediction_batch_run_id"), table_name="prediction_batch")
    op.drop_table("prediction_batch")
