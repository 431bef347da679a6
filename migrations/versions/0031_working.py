"""working a case: pause, needs met, mentions, drafts, who is there, saved views of the queue

The previous code goes on serving while this runs: add before you use, remove after nothing uses. No lock longer than four seconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("needs_met", sa.String(), nullable=True))
    op.add_column("case", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_case_needs_met"), "case", "needs_met IN ('yes', 'partly', 'no')")
    op.create_table(
        "note_mention",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["note_id"], ["note.id"], name=op.f("fk_note_mention_note_id_note"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_note_mention_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("note_id", "user_id", name=op.f("pk_note_mention")),
    )
    op.create_index(op.f("ix_note_mention_user_id"), "note_mention", ["user_id"])
    op.create_table(
        "reply_draft",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("body_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_reply_draft_case_id_case"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_reply_draft_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_draft")),
        sa.UniqueConstraint("case_id", "user_id", name=op.f("uq_reply_draft_case_id_user_id")),
    )
    op.create_index(op.f("ix_reply_draft_user_id"), "reply_draft", ["user_id"])
    op.create_table(
        "case_presence",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("typing_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_case_presence_case_id_case"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_case_presence_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_case_presence")),
    )
    op.create_index(op.f("ix_case_presence_user_id"), "case_presence", ["user_id"])
    op.create_table(
        "saved_view",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_saved_view_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_view_user_id_name")),
    )
    op.create_index(op.f("ix_saved_view_user_id"), "saved_view", ["user_id"])


def downgrade() -> None:
    op.drop_table("saved_view")
    op.drop_table("case_presence")
    op.drop_table("reply_draft")
    op.drop_table("note_mention")
    op.drop_constraint(op.f("ck_case_needs_met"), "case")
    op.drop_column("case", "paused_until")
    op.drop_column("case", "paused_at")
    op.drop_column("case", "needs_met")
