"""What runs ask of hospitals, and the consents that hospitals signed."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_approval",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("terms_sha256", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_approval_run_id_run"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_run_approval_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "site_id", name=op.f("pk_run_approval")),
    )
    op.create_index(op.f("ix_run_approval_terms_sha256"), "run_approval", ["terms_sha256"])
    op.create_table(
        "site_consent",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("terms_sha256", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_site_consent_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_consent")),
        sa.UniqueConstraint("site_id", "terms_sha256", name=op.f("uq_site_consent_site_id_terms_sha256")),
    )


def downgrade() -> None:
    op.drop_table("site_consent")
    op.drop_table("run_approval")
