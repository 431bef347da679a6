"""the names of well-known places in an index of their own, so that a misspelt town is found among thousands and not among hundreds of thousands"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("place_name", sa.Column("population", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE place_name SET population = place.population FROM place WHERE place.id = place_name.place_id")
    op.create_index(
        "ix_place_name_well_known",
        "place_name",
        ["normalised"],
        postgresql_using="gin",
        postgresql_ops={"normalised": "gin_trgm_ops"},
        postgresql_where=sa.text("population >= 20000"),
    )


def downgrade() -> None:
    op.drop_index("ix_place_name_well_known", table_name="place_name")
    op.drop_column("place_name", "population")
