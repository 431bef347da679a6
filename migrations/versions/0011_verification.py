"""what a focal point remarks, why a link reached nobody, and the assured date that moves with a verification only

The trigger is the last word on the date: neither an import, a form nor a query by hand can make an entry look confirmed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BEFORE = ("unconfirmed", "feedback", "not_safe", "translation", "duplicate", "referral")
AFTER = ("unconfirmed", "feedback", "not_safe", "closed", "correction", "translation", "duplicate", "referral")

FUNCTION = """
CREATE FUNCTION refuse_unverified_date() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM verification WHERE service_id = NEW.id AND verified_on = NEW.assured_date) THEN
    RAISE EXCEPTION 'the assured date of an entry moves with a verification only' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""
TRIGGER = """
CREATE TRIGGER service_assured_date BEFORE UPDATE OF assured_date ON service FOR EACH ROW
WHEN (NEW.assured_date IS DISTINCT FROM OLD.assured_date) EXECUTE FUNCTION refuse_unverified_date()
"""


def upgrade() -> None:
    op.add_column("revision", sa.Column("note", sa.String(), nullable=True))
    op.add_column("verification_request", sa.Column("send_error", sa.String(), nullable=True))
    _kinds(AFTER)
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER service_assured_date ON service")
    op.execute("DROP FUNCTION refuse_unverified_date()")
    op.execute("DELETE FROM directory_task WHERE kind IN ('closed', 'correction')")
    _kinds(BEFORE)
    op.drop_column("verification_request", "send_error")
    op.drop_column("revision", "note")


def _kinds(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_directory_task_kind"), "directory_task")
    listed = ", ".join(repr(kind) for kind in kinds)
    op.create_check_constraint(op.f("ck_directory_task_kind"), "directory_task", f"kind IN ({listed})")
