"""How often which entries are confirmed, and what follows when nobody does: `directory/data/review.yml`, or a deployment's own file."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Date, Integer, case, cast, func, literal, type_coerce
from sqlalchemy.sql import ColumnElement, exists

from core.settings import Settings, SettingsError
from directory.models import NEEDS, Service, ServiceNeed

Days = Annotated[int, Field(ge=1, le=3650)]


class Intervals(BaseModel):
    """Days for which a confirmation holds, by kind of entry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Days
    hotline: Days
    needs: dict[str, Days]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := self.needs.keys() - set(NEEDS):
            raise ValueError(f"not a need: {', '.join(sorted(unknown))}")
        return self


class Policy(BaseModel):
    """The cycle of one deployment; the data file says what each number means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    interval_days: Intervals
    ask_before: Days
    link: Days
    reminders_after: tuple[Days, Days]
    task_after: Days
    withdraw_after: Days

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, second = self.reminders_after
        if not first < second <= self.ask_before + self.task_after:
            raise ValueError("two reminders, one after the other, come before the task")
        if self.task_after >= self.withdraw_after:
            raise ValueError("a task comes before the withdrawal: somebody must have the time to act")
        if self.link < self.ask_before + self.withdraw_after:
            raise ValueError("the link must work until the withdrawal")
        return self

    def interval(self, service: Service) -> timedelta:
        """For how long a confirmation of the entry holds."""
        of_needs = [self.interval_days.needs.get(need.need, self.interval_days.default) for need in service.needs]
        of_kind = self.interval_days.hotline if service.is_hotline else self.interval_days.default
        return timedelta(days=min([of_kind, *of_needs]))

    def due_on(self, service: Service) -> date:
        """The day on which the entry has to be confirmed anew; of one that nobody ever confirmed, the day it was listed."""
        if service.assured_date is None:
            return service.listing_since.date()
        return service.assured_date + self.interval(service)

    def due_on_column(self) -> ColumnElement[date]:
        """`due_on` as the database computes it."""
        days = self.interval_days
        shortest: ColumnElement[int] = case((Service.is_hotline, days.hotline), else_=days.default)
        for need, number in sorted(days.needs.items()):
            has = exists().where(ServiceNeed.service_id == Service.id, ServiceNeed.need == need)
            shortest = func.least(shortest, case((has, number), else_=literal(36500)))
        listed = cast(func.timezone("UTC", Service.listing_since), Date)
        return type_coerce(func.coalesce(Service.assured_date + cast(shortest, Integer), listed), Date)


def load_policy(settings: Settings) -> Policy:
    """The cycle that the settings name. Raises SettingsError, so that a wrong file stops the start and not a night's schedule."""
    return read_policy(settings.directory_review)


def read_policy(path: Path) -> Policy:
    """The cycle of a file. Raises SettingsError."""
    try:
        return Policy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"WAYMARK_DIRECTORY_REVIEW: {path.name}: {error}") from None
