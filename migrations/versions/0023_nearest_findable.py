"""the search's query as a function, planned once in a connection; a point of the map is computed without a call

Planning its five parts anew took as long as running them, at every search. The planner may not choose here: without the values it would sort
all of a country's entries, so sorting is off and the indexes of `findable` give the order. Whoever adds a condition of the search replaces the
function in a migration of their own.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# Not STRICT: a strict function with a body that is not is never written into the query, and was called for each row that was looked at.
# Without a longitude there is no point either way.
ON_MAP = """
CREATE OR REPLACE FUNCTION on_map(latitude float8, longitude float8) RETURNS point LANGUAGE sql IMMUTABLE {strict} PARALLEL SAFE
RETURN point(longitude, degrees(ln(tan(pi() / 4 + radians(least(85, greatest(-85, latitude))) / 2))))
"""

# Only what would turn this person away: what is not known of them shuts nobody out. "Up to 17" is until the eighteenth birthday.
ABLE = """country = asked_country AND need = asked_need
            AND (reopens IS NULL OR reopens > today)
            AND (demonstration OR NOT is_example)
            AND (their_age IS NULL
                OR (coalesce(minimum_age <= their_age, true) AND coalesce(floor(their_age) <= maximum_age, true)))
            AND (NOT is_child OR coalesce(minimum_age < 18, true))
            AND (NOT is_adult OR coalesce(maximum_age >= 18, true))
            AND (their_sex IS NULL OR eligible_sex IN ('any', their_sex))
            AND (their_nationality IS NULL OR coalesce(their_nationality = ANY (eligible_nationalities), true))
            AND (NOT without_papers OR legal_status <> 'required')
            AND (NOT with_children OR children_accompanying IS DISTINCT FROM false)"""

NEAR = "on_map(latitude, longitude) <-> here"
FRESH = "assured_date DESC NULLS LAST, service_id"
DOOR = "findable WHERE {able} AND door = '{door}'"
# In brackets of its own, so that the index of the circles is taken and not the one that gives the order.
CIRCLE = "(SELECT * FROM findable WHERE {able} AND door = 'circle' AND around_on_map(latitude, longitude, radius_km) @> box(here, here) OFFSET 0) AS around"

# Of the 150 first the first of each kind: those that speak the language and never close, that do one of both, that do neither. At night, or
# for whoever speaks what few speak, the right door is seldom among the very nearest.
FEW = """
        RETURN QUERY SELECT service_id, need, door, location_id, latitude, longitude, radius_km, is_confidential, reopens,
            minimum_age IS NOT NULL OR maximum_age IS NOT NULL, eligible_sex <> 'any', languages, hours, assured_date
        FROM (SELECT *, row_number() OVER (PARTITION BY speaks, always ORDER BY away) AS nth FROM (
            SELECT *, coalesce(spoken = ANY (languages), false) AS speaks, row_number() OVER (ORDER BY {order}) AS away
            FROM {which}
            ORDER BY {order} LIMIT 150) AS first) AS few
        WHERE nth <= {of_each};"""

SEARCH = """
CREATE FUNCTION nearest_findable(
    asked_country varchar, needs varchar[], line varchar, here point, spoken varchar, today date, demonstration boolean, their_age float8,
    is_child boolean, is_adult boolean, their_sex varchar, their_nationality varchar, without_papers boolean, with_children boolean)
RETURNS TABLE (
    service_id uuid, need varchar, door varchar, location_id uuid, latitude float8, longitude float8, radius_km float8,
    is_confidential boolean, reopens date, limits_age boolean, limits_sex boolean, languages varchar[], hours varchar, assured_date date)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET plan_cache_mode TO force_generic_plan SET enable_sort TO off SET enable_bitmapscan TO off SET enable_seqscan TO off AS $$
#variable_conflict use_column
DECLARE
    asked_need varchar;
BEGIN
    FOREACH asked_need IN ARRAY needs LOOP
        IF here IS NULL THEN PLACES_IN_ORDER
        ELSE PLACES_NEAR
        END IF; COUNTRY HOTLINE
        IF here IS NOT NULL THEN CIRCLES
        END IF;
    END LOOP;
    asked_need := line; HOTLINE
END $$
"""
PLACES, OTHERS = 12, 6


def _few(door: str, order: str, of_each: int) -> str:
    which = CIRCLE.format(able=ABLE) if door == "circle" else DOOR.format(able=ABLE, door=door)
    return FEW.format(which=which, order=order, of_each=of_each)


def upgrade() -> None:
    op.execute(ON_MAP.format(strict=""))
    parts = {
        "PLACES_IN_ORDER": _few("place", FRESH, PLACES),
        "PLACES_NEAR": _few("place", NEAR, PLACES),
        "COUNTRY": _few("country", FRESH, OTHERS),
        "HOTLINE": _few("hotline", FRESH, OTHERS),
        "CIRCLES": _few("circle", FRESH, OTHERS),
    }
    search = SEARCH
    for name, part in parts.items():
        search = search.replace(name, part)
    op.execute(search)


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION nearest_findable(varchar, varchar[], varchar, point, varchar, date, boolean, float8, boolean, boolean, varchar, "
        "varchar, boolean, boolean)"
    )
    op.execute(ON_MAP.format(strict="STRICT"))
