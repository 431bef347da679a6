"""An index of the few messages that wait or are in doubt, which the health page looks for."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_message_in_doubt",
        "message",
        ["created_at"],
        postgresql_where=sa.text("state IN ('received', 'queued', 'sending', 'uncertain', 'parked')"),
    )


def downgrade() -> None:
    op.drop_index("ix_message_in_doubt", table_name="message")
