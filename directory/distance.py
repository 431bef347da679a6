"""Distances on the globe, and the box that a distance fits in."""

import math
from typing import NamedTuple

_EARTH_KM = 6371.0088
_DEGREE_KM = 111.2


class Box(NamedTuple):
    """Bounds in degrees. Longitudes are not wrapped at 180: no country served crosses that line."""

    south: float
    north: float
    west: float
    east: float


def kilometres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Length of the great circle between two points in degrees (haversine, mean radius of the Earth)."""
    lat_a, lat_b = math.radians(latitude), math.radians(other_latitude)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lon = math.sin(math.radians(other_longitude - longitude) / 2)
    chord = half_lat * half_lat + math.cos(lat_a) * math.cos(lat_b) * half_lon * half_lon
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, chord)))


def box(latitude: float, longitude: float, km: float) -> Box:
    """A box that holds every point within `km`: what an index can cut out before distances are computed."""
    # A tenth of a percent wider: no point inside the circle may be lost to rounding.
    half_lat = km / _DEGREE_KM * 1.001
    widest = math.cos(math.radians(min(89.0, abs(latitude) + half_lat)))
    half_lon = min(180.0, half_lat / widest)
    return Box(latitude - half_lat, latitude + half_lat, longitude - half_lon, longitude + half_lon)
