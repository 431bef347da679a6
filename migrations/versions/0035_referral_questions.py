"""a question to a person about a referral has a time too, and those that wait already get one: the day they have had is over

The previous code goes on serving while this runs: it never looks at the time of a referral that is being asked about.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE referral SET expires_at = asked_at + interval '1 day' WHERE state = 'asked'")
    _index("state IN ('asked', 'sent', 'opened', 'asked_back')")


def downgrade() -> None:
    _index("state IN ('sent', 'opened', 'asked_back')")


def _index(states: str) -> None:
    op.drop_index("ix_referral_expiry", "referral")
    op.create_index("ix_referral_expiry", "referral", ["expires_at"], postgresql_where=sa.text(states))
