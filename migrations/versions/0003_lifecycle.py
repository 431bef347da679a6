"""What a conversation goes through: lock, words, opt-out, hold, strangers, erasure.

The previous code goes on serving while this runs: it does not know the new columns, so those that need a value have one of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _conversation() -> tuple[sa.Column, ...]:
    return (
        sa.Column("session_seq", sa.BigInteger(), nullable=True),
        sa.Column("opt_out_pending", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrong_words", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("safe_word_hash", sa.LargeBinary(), nullable=True),
        sa.Column("duress_word_hash", sa.LargeBinary(), nullable=True),
        sa.Column("other_number_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("shared_phone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("hold", sa.String(), nullable=True),
        sa.Column("erasure_asked_at", sa.DateTime(timezone=True), nullable=True),
    )


def _message() -> tuple[sa.Column, ...]:
    return (
        sa.Column("secret", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("confirms_opt_out", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def upgrade() -> None:
    op.add_column("person", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    for column in _conversation():
        op.add_column("conversation", column)
    op.create_check_constraint(
        op.f("ck_conversation_hold"),
        "conversation",
        "hold IN ('duress', 'other_person', 'not_safe', 'delivery_failed')",
    )
    for column in _message():
        op.add_column("message", column)


def downgrade() -> None:
    for column in _message():
        op.drop_column("message", column.name)
    op.drop_constraint(op.f("ck_conversation_hold"), "conversation")
    for column in _conversation():
        op.drop_column("conversation", column.name)
    op.drop_column("person", "retired_at")
