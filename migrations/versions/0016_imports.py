"""uploaded files that wait for being applied; imports that submit changes for approval or bring a verification"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_change", sa.Column("verified_on", sa.Date(), nullable=True))
    op.add_column("import_change", sa.Column("assured_before", sa.Date(), nullable=True))
    op.drop_constraint(op.f("ck_import_change_action"), "import_change")
    op.create_check_constraint(
        op.f("ck_import_change_action"), "import_change", "action IN ('create', 'update', 'revise')"
    )
    op.create_table(
        "import_upload",
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("all_or_nothing", sa.Boolean(), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("plan_json_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'examined', 'applying', 'applied', 'failed')", name=op.f("ck_import_upload_state")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_upload_batch_id_import_batch"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_upload")),
    )
    op.create_index(op.f("ix_import_upload_created_at"), "import_upload", ["created_at"], unique=False)
    op.create_table(
        "import_upload_part",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["import_upload.id"],
            name=op.f("fk_import_upload_part_upload_id_import_upload"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_upload_part")),
        sa.UniqueConstraint("upload_id", "position", name=op.f("uq_import_upload_part_upload_id_position")),
    )


def downgrade() -> None:
    op.drop_table("import_upload_part")
    op.drop_index(op.f("ix_import_upload_created_at"), table_name="import_upload")
    op.drop_table("import_upload")
    op.execute("DELETE FROM import_change WHERE action = 'revise'")
    op.drop_constraint(op.f("ck_import_change_action"), "import_change")
    op.create_check_constraint(op.f("ck_import_change_action"), "import_change", "action IN ('create', 'update')")
    op.drop_column("import_change", "assured_before")
    op.drop_column("import_change", "verified_on")
