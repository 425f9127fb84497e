"""Moments as people read them: on the device's own clock, and in its language.

Rule: a moment of today is a time, another one is a day; what is near is told as a distance.
"""

from datetime import datetime, timedelta

from ..words import Words

DAY = timedelta(days=1)


class Dates:
    def __init__(self, words: Words, now: datetime) -> None:
        self.words, self.now = words, now.astimezone()

    def moment(self, at: datetime) -> str:
        """`14:02` of today, else `3 March, 14:02`."""
        local = at.astimezone()
        time = f"{local:%H:%M}"
        if local.date() == self.now.date():
            return time
        return self.words.say("panel.moment", day=self.day(at), time=time)

    def day(self, at: datetime) -> str:
        """`3 March`, with the year where it is another one."""
        local = at.astimezone()
        month = self.words.say("panel.months").split(" ")[local.month - 1]
        year = f" {local.year}" if local.year != self.now.year else ""
        return self.words.say("panel.day", day=local.day, month=month) + year

    def days_left(self, until: datetime) -> int:
        """Whole days, none where it is over."""
        return max(0, (until.astimezone() - self.now) // DAY)

    def iso(self, at: datetime) -> str:
        return at.isoformat(timespec="seconds")
