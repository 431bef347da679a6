"""who read or wrote the true details of a hidden house, and hashes by which they are recognised when a file brings them back"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "confidential_address",
        sa.Column("hashes", postgresql.ARRAY(sa.LargeBinary()), server_default="{}", nullable=False),
    )
    op.create_table(
        "confidential_access",
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("action IN ('read', 'write')", name=op.f("ck_confidential_access_action")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confidential_access")),
    )
    op.create_index("ix_confidential_access_location_id_at", "confidential_access", ["location_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_confidential_access_location_id_at", table_name="confidential_access")
    op.drop_table("confidential_access")
    op.drop_column("confidential_address", "hashes")
