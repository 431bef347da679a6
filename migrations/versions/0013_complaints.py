"""complaints about staff or a place, apart from the cases

The previous code goes on serving while this runs: add before you use, remove after nothing uses. No lock longer than four seconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "complaint",
        sa.Column("number", sa.Integer(), sa.Identity(start=11), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("read_at", moment, nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("erasure_asked_at", moment, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_complaint_conversation_id_conversation"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("number", name=op.f("uq_complaint_number")),
    )  # fmt: skip
    for column in ("conversation_id", "closed_at", "erasure_asked_at"):
        op.create_index(op.f(f"ix_complaint_{column}"), "complaint", [column])
    op.create_table(
        "complaint_words",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("body_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_words_complaint_id_complaint"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_words")),
        sa.UniqueConstraint("message_id", name=op.f("uq_complaint_words_message_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_complaint_words_complaint_id"), "complaint_words", ["complaint_id"])
    op.create_table(
        "complaint_event",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_event_complaint_id_complaint"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_complaint_event_user_id_staff_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_event")),
    )  # fmt: skip
    op.create_index(op.f("ix_complaint_event_complaint_id"), "complaint_event", ["complaint_id"])


def downgrade() -> None:
    op.drop_table("complaint_event")
    op.drop_table("complaint_words")
    op.drop_table("complaint")
