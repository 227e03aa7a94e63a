"""Dates, times and zones."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_ZONES = [ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Asia/Kathmandu", "UTC")]
_FIRST = datetime.datetime(1975, 1, 1)
"""Since then these zones differ from UTC by whole minutes."""

_LAST = datetime.datetime(2037, 1, 1)
_EDGES = [_FIRST, datetime.datetime(2024, 10, 27, 2, 30, 0, 1), datetime.datetime(2024, 2, 29)]


def _moments() -> SearchStrategy[datetime.datetime]:
    return st.sampled_from(_EDGES) | st.datetimes(_FIRST, _LAST).map(lambda moment: moment.replace(fold=0))


def _minutes(least: int, most: int) -> SearchStrategy[datetime.timezone]:
    return st.integers(least, most).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))


def naive_datetimes() -> SearchStrategy[datetime.datetime]:
    """Of no zone, from the year 1 on, with and without microseconds, which some formats write only where there are any."""
    return _moments() | st.datetimes().map(lambda moment: moment.replace(fold=0))


def datetimes_of_fixed_offset() -> SearchStrategy[datetime.datetime]:
    """Of UTC, or minutes before or behind it."""
    return st.builds(lambda moment, zone: moment.replace(tzinfo=zone), _moments(), _minutes(-720, 840))


def datetimes_of_odd_offset() -> SearchStrategy[datetime.datetime]:
    """Seconds before or behind UTC, as zones were before there were time zones (Paris: 00:09:21): ISO 8601 has hours and minutes only."""
    seconds = st.integers(1, 59).map(lambda s: datetime.timezone(datetime.timedelta(hours=1, seconds=s)))
    return st.builds(lambda moment, zone: moment.replace(tzinfo=zone), _moments(), seconds)


def datetimes_of_named_offset() -> SearchStrategy[datetime.datetime]:
    """A fixed offset that has been given a name, which no text of a time holds."""
    zone = datetime.timezone(datetime.timedelta(hours=1), "CET")
    return _moments().map(lambda moment: moment.replace(tzinfo=zone))


def datetimes_of_a_zone() -> SearchStrategy[datetime.datetime]:
    """Of a place, whose offset is another in summer: with a fixed offset in its place, "the same hour tomorrow" is another."""
    return st.builds(lambda moment, zone: moment.replace(tzinfo=zone), _moments(), st.sampled_from(_ZONES))


def folded_datetimes() -> SearchStrategy[datetime.datetime]:
    """In the hour that comes twice in autumn, the second time (`fold=1`)."""
    zones = st.none() | st.just(datetime.UTC)
    return st.builds(lambda moment, zone: moment.replace(tzinfo=zone, fold=1), _moments(), zones)


def dates() -> SearchStrategy[datetime.date]:
    """Days, which may come back as midnight."""
    return st.dates()


def times() -> SearchStrategy[datetime.time]:
    """Of no zone, or of a fixed offset, with and without microseconds."""
    zones = st.none() | _minutes(-720, 840)
    return st.builds(lambda time, zone: time.replace(tzinfo=zone, fold=0), st.times(), zones)


def times_of_a_zone() -> SearchStrategy[datetime.time]:
    """A time of the day at a place: without a day its offset is not known."""
    zones = [zone for zone in _ZONES if zone.key != "UTC"]
    return st.builds(lambda time, zone: time.replace(tzinfo=zone, fold=0), st.times(), st.sampled_from(zones))


def timedeltas() -> SearchStrategy[datetime.timedelta]:
    """Spans, also negative ones, to the microsecond: in seconds as a float they are rounded."""
    return st.timedeltas()
