"""indexes that an import asks: entries by their source, and the few confidential locations, of which it looks in a wider circle"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_service_source"), "service", ["source", "source_id"])
    op.execute("CREATE INDEX ix_location_confidential ON location (country, latitude) WHERE is_confidential")


def downgrade() -> None:
    op.execute("DROP INDEX ix_location_confidential")
    op.drop_index(op.f("ix_service_source"), "service")
