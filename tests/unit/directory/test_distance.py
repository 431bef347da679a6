import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from directory.distance import box, kilometres

latitudes = st.floats(-80, 80)
longitudes = st.floats(-170, 170)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((23.7918, 90.4156), (21.4539, 91.9677), 305),  # Dhaka to Cox's Bazar
        ((33.6001, -7.6218), (35.7650, -5.8365), 291),  # Casablanca to Tangier
        ((-23.5475, -46.6361), (-22.9064, -43.1822), 361),  # São Paulo to Rio de Janeiro
        ((0, 0), (0, 180), 20015),
    ],
)
def test_distances_are_those_of_the_map(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    assert kilometres(*one, *other) == pytest.approx(km, rel=0.01)


@given(latitudes, longitudes, latitudes, longitudes)
def test_the_way_back_is_as_long(a: float, b: float, c: float, d: float) -> None:
    assert kilometres(a, b, c, d) == pytest.approx(kilometres(c, d, a, b), abs=1e-6)
    assert kilometres(a, b, a, b) == 0


@given(latitudes, longitudes, st.floats(1, 500), st.floats(0, 1), st.floats(0, 2 * math.pi))
def test_no_point_within_the_distance_falls_outside_the_box(
    latitude: float, longitude: float, km: float, share: float, bearing: float
) -> None:
    other_latitude = latitude + math.cos(bearing) * km * share / 111.0
    other_longitude = longitude + math.sin(bearing) * km * share / (111.0 * math.cos(math.radians(latitude)))
    assume(kilometres(latitude, longitude, other_latitude, other_longitude) <= km)
    around = box(latitude, longitude, km)
    assert around.south <= other_latitude <= around.north
    assert around.west <= other_longitude <= around.east
