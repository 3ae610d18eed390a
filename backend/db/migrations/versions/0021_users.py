"""Users with passwords, their roles, invitations; sessions that end with their credential; tokens with a scope."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_user()
    _create_membership()
    _create_invitation()
    # A session of before is bound to no credential. Its user signs in once more.
    op.drop_table("user_session")
    _create_user_session()
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("user_id", sa.String(), nullable=True))
        table.add_column(sa.Column("scope", sa.String(), nullable=False, server_default=sa.text("'all'")))
        table.create_foreign_key(op.f("fk_api_token_user_id_user"), "user", ["user_id"], ["id"], ondelete="CASCADE")
        table.create_index(op.f("ix_api_token_user_id"), ["user_id"])


def downgrade() -> None:
    with op.batch_alter_table("api_token") as table:
        table.drop_index(op.f("ix_api_token_user_id"))
        table.drop_constraint(op.f("fk_api_token_user_id_user"), type_="foreignkey")
        table.drop_column("scope")
        table.drop_column("user_id")
    op.drop_table("user_session")
    op.create_table(
        "user_session",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_user_session")),
    )
    for name in ("invitation", "membership", "user"):
        op.drop_table(name)


def _create_user() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("is_administrator", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("name", name=op.f("uq_user_name")),
    )


def _create_membership() -> None:
    op.create_table(
        "membership",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("federation_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        _reference("membership", "user"),
        _reference("membership", "federation"),
        _reference("membership", "site"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    for column in ("user_id", "federation_id"):
        op.create_index(op.f(f"ix_membership_{column}"), "membership", [column])


def _create_invitation() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code_sha256", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("federation_id", sa.String(), nullable=True),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("site_ids", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.String(), nullable=True),
        _reference("invitation", "federation"),
        _reference("invitation", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_invitation_code_sha256")),
    )
    op.create_index(op.f("ix_invitation_federation_id"), "invitation", ["federation_id"])


def _create_user_session() -> None:
    op.create_table(
        "user_session",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _reference("user_session", "user"),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_user_session")),
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"])


def _reference(table: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{other}_id_{other}")
    return sa.ForeignKeyConstraint([f"{other}_id"], [f"{other}.id"], name=name, ondelete="CASCADE")
