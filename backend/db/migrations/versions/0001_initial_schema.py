"""Initial schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "artifact",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("num_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_artifact"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("federation_id", sa.String(), nullable=True),
        sa.Column("experiment_id", sa.String(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.Column("site_slug", sa.String(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_experiment_id", "event", ["experiment_id"])
    op.create_index("ix_event_federation_id", "event", ["federation_id"])
    op.create_index("ix_event_run_id", "event", ["run_id"])

    op.create_table(
        "federation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("task", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_federation"),
        sa.UniqueConstraint("name", name="uq_federation_name"),
    )
    op.create_table(
        "user_session",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_user_session"),
    )
    op.create_table(
        "worker",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("queues", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hardware", sa.String(), nullable=False),
        sa.Column("num_processes", sa.Integer(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_worker"),
    )
    op.create_table(
        "experiment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("federation_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("config", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["federation_id"], ["federation.id"], name="fk_experiment_federation_id_federation"),
        sa.PrimaryKeyConstraint("id", name="pk_experiment"),
    )
    op.create_index("ix_experiment_federation_id", "experiment", ["federation_id"])

    op.create_table(
        "site",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("federation_id", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["federation_id"], ["federation.id"], name="fk_site_federation_id_federation"),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
        sa.UniqueConstraint("federation_id", "position", name="uq_site_federation_id_position"),
        sa.UniqueConstraint("federation_id", "slug", name="uq_site_federation_id_slug"),
    )
    op.create_index(
        "uq_site_real_slug",
        "site",
        ["slug"],
        unique=True,
        sqlite_where=sa.text("kind = 'real'"),
        postgresql_where=sa.text("kind = 'real'"),
    )

    op.create_table(
        "dataset",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("fractions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("intensity_histogram", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_dataset_site_id_site"),
        sa.PrimaryKeyConstraint("id", name="pk_dataset"),
        sa.UniqueConstraint("site_id", "name", name="uq_dataset_site_id_name"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("strategy_label", sa.String(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("num_rounds", sa.Integer(), nullable=False),
        sa.Column("minimum_sites", sa.Integer(), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("participants", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("evaluators", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("criterion", sa.String(), nullable=True),
        sa.Column("best_round", sa.Integer(), nullable=True),
        sa.Column("best_dice", sa.Double(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name="fk_run_experiment_id_experiment", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("experiment_id", "position", name="uq_run_experiment_id_position"),
    )
    op.create_index("ix_run_status", "run", ["status"])

    op.create_table(
        "case",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("split", sa.String(), nullable=True),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("mask", sa.String(), nullable=True),
        sa.Column("image_sha256", sa.String(), nullable=True),
        sa.Column("mask_sha256", sa.String(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("structure_shares", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mean_intensity", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("thumbnail", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_case_dataset_id_dataset", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_case"),
        sa.UniqueConstraint("dataset_id", "name", name="uq_case_dataset_id_name"),
    )
    op.create_table(
        "evaluated_case",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("site_slug", sa.String(), nullable=False),
        sa.Column("dice", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("probabilities", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("chosen_model", sa.String(), nullable=True),
        sa.Column("image", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("predictions", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_evaluated_case_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "case_id", name="pk_evaluated_case"),
    )
    op.create_table(
        "metric",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("site_slug", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("structure", sa.String(), nullable=True),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("num_cases", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_metric_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_metric"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_metric_run_round_site", "metric", ["run_id", "round", "site_slug"])

    op.create_table(
        "run_dataset",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("site_slug", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("manifest", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_run_dataset_dataset_id_dataset"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_dataset_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "dataset_id", name="pk_run_dataset"),
        sa.UniqueConstraint("run_id", "position", name="uq_run_dataset_run_id_position"),
    )
    op.create_index("ix_run_dataset_dataset_id", "run_dataset", ["dataset_id"])

    op.create_table(
        "run_round",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("downloads", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_round_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "round", name="pk_run_round"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("fraction", sa.Double(), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("update", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("bytes_up", sa.BigInteger(), nullable=True),
        sa.Column("bytes_down", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_task_dataset_id_dataset", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_task_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        sa.UniqueConstraint("run_id", "round", "participant", "kind", name="uq_task_run_id_round_participant_kind"),
    )
    op.create_index("ix_task_dataset_id", "task", ["dataset_id"])
    op.create_index("ix_task_status_queue", "task", ["status", "queue"])


def downgrade() -> None:
    op.drop_index("ix_task_status_queue", table_name="task")
    op.drop_index("ix_task_dataset_id", table_name="task")

    op.drop_table("task")
    op.drop_table("run_round")
    op.drop_index("ix_run_dataset_dataset_id", table_name="run_dataset")

    op.drop_table("run_dataset")
    op.drop_index("ix_metric_run_round_site", table_name="metric")

    op.drop_table("metric")
    op.drop_table("evaluated_case")
    op.drop_table("case")
    op.drop_index("ix_run_status", table_name="run")

    op.drop_table("run")
    op.drop_table("dataset")
    op.drop_index("uq_site_real_slug", table_name="site")

    op.drop_table("site")
    op.drop_index("ix_experiment_federation_id", table_name="experiment")

    op.drop_table("experiment")
    op.drop_table("worker")
    op.drop_table("user_session")
    op.drop_table("federation")
    op.drop_index("ix_event_run_id", table_name="event")
    op.drop_index("ix_event_federation_id", table_name="event")
    op.drop_index("ix_event_experiment_id", table_name="event")

    op.drop_table("event")
    op.drop_table("artifact")
