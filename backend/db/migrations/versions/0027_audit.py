"""The chain of records, and the heads of records that hospitals signed. Events of before stay outside the chain."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_record",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_record")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_record_event_id")),
    )
    op.create_table(
        "audit_start",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_start")),
    )
    op.create_table(
        "site_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("site_number", sa.BigInteger(), nullable=False),
        sa.Column("site_hash", sa.String(), nullable=False),
        sa.Column("hub_number", sa.BigInteger(), nullable=True),
        sa.Column("hub_hash", sa.String(), nullable=True),
        sa.Column("said", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_head_site_id_site"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_head")),
    )
    op.create_index(op.f("ix_site_head_site_id"), "site_head", ["site_id"])


def downgrade() -> None:
    op.drop_table("site_head")
    op.drop_table("audit_start")
    op.drop_table("audit_record")
