"""how far a case that nobody takes has been escalated

The previous code goes on serving while this runs: add before you use, remove after nothing uses. No lock longer than four seconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("escalated", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("case", "escalated")
