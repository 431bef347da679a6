"""A data key for each person, sealed with the keys of the copy.

Code that does not know the table goes on sealing with the keys of the copy; `waymark keys rotate` brings what it sealed to the person's key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kek", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person_key"),
        sa.UniqueConstraint("person_id", name="uq_person_key_person_id"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], ondelete="CASCADE", name="fk_person_key_person_id_person"
        ),
    )


def downgrade() -> None:
    # What is sealed with these keys is lost with them: bring it back to the keys of the copy first, or restore a backup.
    op.drop_table("person_key")
