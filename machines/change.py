"""One change of settings: what refuses it, what warns of it, and the facts that tell of it (S15, S23a).

[OK] applies a group of settings as a whole. Turning [OAuth 2.0] ON is looked at more strictly than any other
change: what may be broken by a later change of the network cannot be there when it is turned ON (S14).

Rule: pure, so that whoever shows a change before it is made shows what the engine would do.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..events.base import Event
from ..events.device import NetworkChanged, SessionSettingsChanged, SettingsChanged
from ..events.settings import DeviceSettings
from .rules import RULES, Look, Rule, Verdict, broken, unavailable

OF_NETWORK = "network."
OF_SESSION = frozenset({"oauth.auto_delete", "oauth.left_jobs", "panel.auto_reset"})
"Settings that hold for whoever is logged in already."


class Looked(NamedTuple):
    refuses: tuple[Rule, ...]
    "Every rule by which this cannot be set."
    warns: tuple[Rule, ...]


def looked_at(before: DeviceSettings, after: DeviceSettings, rules: Sequence[Rule] = RULES) -> Looked:
    turns_on = after.oauth.enabled and not before.oauth.enabled
    looks = (Look.SET, Look.TURN_ON) if turns_on else (Look.SET,)
    found = dict.fromkeys(rule for look in looks for rule in broken(after, look, rules=rules))
    verdicts = {rule: {rule.verdict(look) for look in looks} for rule in found}
    return Looked(
        tuple(rule for rule in found if Verdict.CANNOT_BE_SET in verdicts[rule]),
        tuple(rule for rule in found if rule.verdict(Look.SET) is Verdict.WARN),
    )


def facts(
    after: DeviceSettings, changed: tuple[str, ...], places: Iterable[str], rules: Sequence[Rule] = RULES
) -> list[Event]:
    """The device's, and one for each of the `places` where somebody is logged in. `changed`: the keys that
    differ.
    """
    enabled, found = after.oauth.enabled, unavailable(after, rules)
    said: list[Event] = [
        NetworkChanged(oauth=enabled, broken=found)
        if all(key.startswith(OF_NETWORK) for key in changed)
        else SettingsChanged(oauth=enabled, broken=found, changed=changed)
    ]
    if OF_SESSION & set(changed):
        said += [
            SessionSettingsChanged(
                place=place,
                auto_delete=after.oauth.auto_delete,
                reset_after=after.panel.auto_reset,
                left_jobs=after.oauth.left_jobs,
            )
            for place in places
        ]
    return said
