"""From probabilities to one intent: safety is taken early, leaving and erasing only when certain, doubt becomes `other`."""

from dataclasses import dataclass, field, replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

OTHER = "other"
# Most urgent first: an utterance carries the most urgent meaning it has.
SAFETY = ("danger_now", "self_harm", "child_alone", "ask_human")
ENDING = ("erase_data", "stop")
URGENCY = ("danger_now", "self_harm", "child_alone", "complaint", "ask_human", "third_party")


@dataclass(frozen=True)
class Thresholds:
    """Probabilities between 0 and 1, set in `config.yml`.

    A missed danger costs more than a needless question, so `ask` is low.
    A conversation closed by mistake loses the person, so `end` is high.
    """

    understood: float = 0.35
    act: float = 0.4
    ask: float = 0.1
    end: float = 0.8
    needs: Mapping[str, float] = field(default_factory=dict)  # `act` or `end` for one intent, where it differs

    def needed(self, intent: str) -> float:
        return self.needs.get(
            intent, self.act if intent in SAFETY else self.end if intent in ENDING else self.understood
        )


@dataclass(frozen=True)
class Decision:
    """What the bot will take the message for. `possible` is a safety intent too unsure to act on and too likely to pass over."""

    intent: str
    confidence: float
    ranking: Sequence[Tuple[str, float]]
    possible: Optional[Tuple[str, float]] = None


def decide(
    probabilities: Mapping[str, float], known: Optional[str], thresholds: Thresholds, length: int = 4
) -> Decision:
    """The intent of a message, from the classifier's probabilities and the lexicon's verdict (`known`), which wins."""
    if known:
        return Decision(known, 1.0, [(known, 1.0)])
    ranking = sorted(probabilities.items(), key=lambda pair: (-pair[1], pair[0]))
    if not ranking:
        return Decision(OTHER, 0.0, [])
    safety = [(intent, chance) for intent, chance in ranking if intent in SAFETY]
    certain = [pair for pair in safety if pair[1] >= thresholds.needed(pair[0])]
    if certain:
        intent, chance = min(certain, key=lambda pair: SAFETY.index(pair[0]))
        worse = [pair for pair in safety if _rank(pair[0]) < _rank(intent) and pair[1] >= thresholds.ask]
        return Decision(intent, chance, ranking[:length], worse[0] if worse else None)
    possible = safety[0] if safety and safety[0][1] >= thresholds.ask else None
    intent, chance = ranking[0]
    if intent == OTHER or chance < thresholds.needed(intent):
        return Decision(OTHER, chance if intent == OTHER else 1.0 - chance, ranking[:length], possible)
    return Decision(intent, chance, ranking[:length], possible)


def heed(decision: Decision, alarm: Optional[str]) -> Decision:
    """The decision together with the second line of defence (`screening.phrases`): of the two, the more urgent meaning holds.

    An alarm never calms: where the classifier saw something more urgent, or asks about it, that stays.
    """
    if alarm is None or _rank(alarm) > _rank(decision.intent):
        return decision
    possible = decision.possible if decision.possible and _rank(decision.possible[0]) < _rank(alarm) else None
    return replace(decision, intent=alarm, confidence=1.0, possible=possible)


def _rank(intent: str) -> int:
    return URGENCY.index(intent) if intent in URGENCY else len(URGENCY)


def combine(windows: Sequence[Mapping[str, float]]) -> Dict[str, float]:
    """One set of probabilities for a message read in several pieces: the worst piece counts for safety, the average for the rest."""
    if not windows:
        return {}
    intents: List[str] = list(windows[0])
    return {
        intent: max(each[intent] for each in windows)
        if intent in SAFETY
        else sum(each[intent] for each in windows) / len(windows)
        for intent in intents
    }
