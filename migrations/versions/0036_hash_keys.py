"""which keys of the hashes something is found by, and which of them writes: so that this key can be exchanged while the line runs

The previous code goes on serving: it knows one key, and none is named here before the new code stores somebody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hash_key",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hash_key")),
    )
    op.create_index("uq_hash_key_writes", "hash_key", ["writes"], unique=True, postgresql_where=sa.text("writes"))


def downgrade() -> None:
    op.drop_table("hash_key")
