"""Accounts at a provider of single sign-on, and which sessions came from there."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_identity",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_user_identity_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_user_identity")),
    )
    op.create_index(op.f("ix_user_identity_user_id"), "user_identity", ["user_id"])
    op.add_column(
        "user_session", sa.Column("is_single_sign_on", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    with op.batch_alter_table("user_session") as batch:
        batch.alter_column("is_single_sign_on", server_default=None)


def downgrade() -> None:
    op.drop_column("user_session", "is_single_sign_on")
    op.drop_table("user_identity")
