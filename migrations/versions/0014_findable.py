"""what the search reads: one row for each need that a published service answers at each of its doors, kept true by triggers

Triggers, because forms, imports, verifications, reports and hands at a console all change an entry, and a row that one of them forgets sends
somebody to a door that is closed. Nothing of a confidential place gets in but what the public row of its location holds.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Mercator: near a point a degree is as long to the north as to the east, so the nearest on the map is the nearest on the ground.
ON_MAP = """
CREATE FUNCTION on_map(latitude float8, longitude float8) RETURNS point LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN point(longitude, degrees(ln(tan(pi() / 4 + radians(least(85, greatest(-85, latitude))) / 2))))
"""

# The box around a circle, on the same map; a tenth of a percent wider, so that rounding loses nobody.
AROUND = """
CREATE FUNCTION around_on_map(latitude float8, longitude float8, km float8) RETURNS box LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN box(
    on_map(greatest(-85, latitude - km / 111.2 * 1.001),
           longitude - least(180, km / 111.2 * 1.001 / cos(radians(least(84, abs(latitude) + km / 111.2))))),
    on_map(least(85, latitude + km / 111.2 * 1.001),
           longitude + least(180, km / 111.2 * 1.001 / cos(radians(least(84, abs(latitude) + km / 111.2))))))
"""

# A rule of opening as `hours.parse` reads it.
RULE = """
CREATE FUNCTION opening_rule(row_of schedule) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT row_of.kind || '|' || row_of.timezone || '|' || coalesce(row_of.byday, '') || '|'
    || coalesce(to_char(row_of.opens_at, 'HH24:MI:SS'), '') || '|' || coalesce(to_char(row_of.closes_at, 'HH24:MI:SS'), '') || '|'
    || coalesce(to_char(row_of.valid_from, 'YYYY-MM-DD'), '') || '|' || coalesce(to_char(row_of.valid_to, 'YYYY-MM-DD'), '') $$
"""

# A service is at its location's hours unless it has its own; closures of the location hold for both.
HOURS = """
CREATE FUNCTION opening_hours(of_service uuid, of_location uuid) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(string_agg(opening_rule(rule), ';' ORDER BY rule.id), '') FROM schedule AS rule
    WHERE rule.service_id = of_service
    OR (rule.location_id = of_location AND (rule.kind = 'closure' OR NOT EXISTS (
        SELECT FROM schedule AS own WHERE own.service_id = of_service AND own.kind <> 'closure'))) $$
"""

REFRESH = """
CREATE FUNCTION refresh_findable(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(ids) IS NULL OR cardinality(ids) = 0 THEN RETURN; END IF;
    -- Two who change one entry at once: the second waits here, and then sees what the first one wrote.
    PERFORM FROM service WHERE id IN (SELECT unnest(ids)) ORDER BY id FOR NO KEY UPDATE;
    DELETE FROM findable WHERE service_id IN (SELECT unnest(ids));
    PERFORM fill_findable(ids);
END $$
"""

FILL = """
CREATE FUNCTION fill_findable(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO findable (
        service_id, location_id, country, need, door, latitude, longitude, radius_km, is_confidential, is_example, reopens, minimum_age, maximum_age, eligible_sex, eligible_nationalities, legal_status, children_accompanying, languages, hours, always,
        assured_date)
    SELECT s.id, door.location_id, s.country, need.need, door.kind,
        door.latitude, door.longitude, door.radius_km,
        s.is_confidential OR door.is_confidential, s.is_example OR o.is_example,
        CASE WHEN s.status = 'temporarily_closed' THEN s.closed_until END,
        s.minimum_age, s.maximum_age, s.eligible_sex,
        CASE WHEN jsonb_typeof(s.eligible_nationalities) = 'array' AND jsonb_array_length(s.eligible_nationalities) > 0
            THEN ARRAY(SELECT jsonb_array_elements_text(s.eligible_nationalities)) END,
        s.legal_status, s.children_accompanying,
        ARRAY(SELECT spoken.language FROM service_language AS spoken WHERE spoken.service_id = s.id ORDER BY spoken.language),
        opening.hours, opening.hours ~ '(^|;)always[|]', s.assured_date
    -- Joined and not compared with ANY: in the plan of a function that would read every service for each change.
    FROM unnest(ids) AS asked (id)
    JOIN service AS s ON s.id = asked.id
    JOIN organization AS o ON o.id = s.organization_id
    JOIN service_need AS need ON need.service_id = s.id
    CROSS JOIN LATERAL (
        SELECT 'place' AS kind, l.id AS location_id, l.latitude::float8, l.longitude::float8, NULL::float8 AS radius_km, l.is_confidential
        FROM service_at_location AS at JOIN location AS l ON l.id = at.location_id
        WHERE at.service_id = s.id AND NOT s.is_hotline AND l.country = s.country
            -- A hidden service at a location that somebody forgot to hide: not even its distance may be told.
            AND (NOT s.is_confidential OR l.is_confidential)
        UNION ALL
        SELECT 'circle', NULL, a.latitude::float8, a.longitude::float8, a.radius_km, false
        FROM service_area AS a
        WHERE a.service_id = s.id AND NOT s.is_hotline AND a.country = s.country AND a.radius_km IS NOT NULL
        UNION ALL
        SELECT 'country', NULL, NULL, NULL, NULL, false
        WHERE NOT s.is_hotline AND EXISTS (SELECT FROM service_area AS a WHERE a.service_id = s.id AND a.radius_km IS NULL)
        UNION ALL
        SELECT 'hotline', NULL, NULL, NULL, NULL, false WHERE s.is_hotline
    ) AS door
    CROSS JOIN LATERAL (SELECT opening_hours(s.id, door.location_id) AS hours) AS opening
    WHERE s.listing = 'published'
        AND (s.status = 'active' OR (s.status = 'temporarily_closed' AND s.closed_until IS NOT NULL))
$$
"""

# Which services a change concerns, by the table it was made in. `changed` are the rows before or after it.
CONCERNED = {
    "service_need": "SELECT service_id FROM changed",
    "service_language": "SELECT service_id FROM changed",
    "service_area": "SELECT service_id FROM changed",
    "service_at_location": "SELECT service_id FROM changed",
    "schedule": "SELECT service_id FROM changed WHERE service_id IS NOT NULL UNION "
    "SELECT at.service_id FROM changed JOIN service_at_location AS at ON at.location_id = changed.location_id",
    "location": "SELECT at.service_id FROM changed JOIN service_at_location AS at ON at.location_id = changed.id",
    "organization": "SELECT s.id FROM changed JOIN service AS s ON s.organization_id = changed.id",
    "service": "SELECT id FROM changed",
}

# Where most changes are of columns that the search does not read, only a change of those it reads counts.
READ = {
    "service": ("country", "organization_id", "status", "closed_until", "listing", "is_example", "is_confidential", "is_hotline", "minimum_age",
                "maximum_age", "eligible_sex", "eligible_nationalities", "legal_status", "children_accompanying", "assured_date"),
    "location": ("country", "latitude", "longitude", "is_confidential"),
    "organization": ("is_example",),
}  # fmt: skip


TRIGGERED = """
CREATE FUNCTION NAME() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('waymark.findable', true) IS DISTINCT FROM 'later' THEN
        PERFORM refresh_findable(ARRAY(SELECT id FROM service WHERE listing = 'published' AND id IN (CONCERNED)
            UNION SELECT service_id FROM findable WHERE service_id IN (CONCERNED)));
    END IF;
    RETURN NULL;
END $$
"""


def _trigger(table: str, event: str, concerned: str, rows: str) -> None:
    name = f"findable_{table}_{event.lower()}"
    op.execute(TRIGGERED.replace("NAME", name).replace("CONCERNED", concerned))
    op.execute(
        f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "findable",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("need", sa.String(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("radius_km", sa.Float(), nullable=True),
        sa.Column("is_confidential", sa.Boolean(), nullable=False),
        sa.Column("is_example", sa.Boolean(), nullable=False),
        sa.Column("reopens", sa.Date(), nullable=True),
        sa.Column("minimum_age", sa.Float(), nullable=True),
        sa.Column("maximum_age", sa.Float(), nullable=True),
        sa.Column("eligible_sex", sa.String(), nullable=False),
        sa.Column("eligible_nationalities", postgresql.ARRAY(sa.String()), nullable=True),
        sa.Column("legal_status", sa.String(), nullable=False),
        sa.Column("children_accompanying", sa.Boolean(), nullable=True),
        sa.Column("languages", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("always", sa.Boolean(), nullable=False),
        sa.Column("assured_date", sa.Date(), nullable=True),
        sa.CheckConstraint("door IN ('place', 'circle', 'country', 'hotline')", name=op.f("ck_findable_door")),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_findable_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findable")),
    )
    for statement in (ON_MAP, AROUND, RULE, HOURS, FILL, REFRESH):
        op.execute(statement)
    op.execute("SELECT fill_findable(ARRAY(SELECT id FROM service))")
    op.create_index(op.f("ix_findable_service_id"), "findable", ["service_id"])
    op.execute(
        "CREATE INDEX ix_findable_near ON findable USING gist (country, need, on_map(latitude, longitude)) WHERE door = 'place'"
    )
    op.execute(
        "CREATE INDEX ix_findable_reach ON findable USING gist (country, need, around_on_map(latitude, longitude, radius_km)) "
        "WHERE door = 'circle'"
    )
    op.execute(
        "CREATE INDEX ix_findable_fresh ON findable (country, need, door, assured_date DESC NULLS LAST, service_id)"
    )
    for table, concerned in CONCERNED.items():
        if table not in READ:
            _trigger(table, "INSERT", concerned, "NEW TABLE AS changed")
            _trigger(table, "DELETE", concerned, "OLD TABLE AS changed")
            both = concerned.replace("changed", "before") + " UNION " + concerned.replace("changed", "after")
            _trigger(table, "UPDATE", both, "OLD TABLE AS before NEW TABLE AS after")
            continue
        columns = READ[table]
        before, after = (", ".join(f"{row}.{column}" for column in columns) for row in ("before", "after"))
        changed = f"(SELECT after.* FROM after JOIN before USING (id) WHERE ({before}) IS DISTINCT FROM ({after}))"  # noqa: S608
        _trigger(
            table,
            "UPDATE",
            concerned.replace("FROM changed", f"FROM {changed} AS changed"),
            "OLD TABLE AS before NEW TABLE AS after",
        )


def downgrade() -> None:
    for table in CONCERNED:
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP FUNCTION IF EXISTS findable_{table}_{event}() CASCADE")
    op.execute("DROP FUNCTION refresh_findable(uuid[])")
    op.execute("DROP FUNCTION fill_findable(uuid[])")
    op.execute("DROP FUNCTION opening_hours(uuid, uuid)")
    op.execute("DROP FUNCTION opening_rule(schedule)")
    op.drop_table("findable")
    op.execute("DROP FUNCTION around_on_map(float8, float8, float8)")
    op.execute("DROP FUNCTION on_map(float8, float8)")
    op.execute("DROP EXTENSION btree_gist")
