"""Running one turn through Rasa. Unlike Rasa's own loop, a failed action fails the turn: no half answer, nothing remembered of it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Dict, List, Optional
from weakref import WeakValueDictionary

from rasa.core.actions.action import Action, ActionExecutionRejection
from rasa.core.channels.channel import CollectingOutputChannel, OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import ACTION_DEFAULT_FALLBACK_NAME, ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    BotUttered,
    Event,
    SessionStarted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.engine.nlu.text import spoken
from bot.engine.turns import Turn, said

logger = logging.getLogger("waymark.engine")


class TurnFailed(Exception):  # noqa: N818
    """The turn could not be finished. `code` is safe to log and to send; the cause may hold a person's words and is not."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TurnProcessor(MessageProcessor):
    """One turn at a time for a conversation, waiting without polling; Rasa's lock store looks again once a second."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, on_circuit_break=_endless, **kwargs)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def turn(self, turn: Turn) -> Dict[str, Any]:
        """The reply to a turn; the stored one when the turn has been answered before."""
        lock = self._locks.setdefault(turn.conversation_id, asyncio.Lock())
        async with lock:
            try:
                return await self._turn(turn)
            finally:
                self.tracker_store.let_go(turn.conversation_id)

    async def _turn(self, turn: Turn) -> Dict[str, Any]:
        try:
            tracker = await self.tracker_store.retrieve(turn.conversation_id)
        except Exception as error:
            raise TurnFailed("store") from error
        if tracker is not None:
            reply = said((event.as_dict() for event in tracker.events), turn.turn_id)
            if reply is not None:
                return reply
        if tracker is None or turn.new_session:
            tracker = await self.tracker_store.create_tracker(turn.conversation_id, append_action_listen=False)
        try:
            await self._answer(user_message(turn), tracker)
        except TurnFailed:
            raise
        except Exception as error:
            raise TurnFailed("turn") from error
        reply = said((event.as_dict() for event in tracker.events), turn.turn_id)
        if reply is None:
            raise TurnFailed("turn")
        if {"do": "erase"} in reply["output"]:
            tracker = self._without_words(tracker, turn.turn_id)
        try:
            await self.tracker_store.save(tracker)
        except Exception as error:
            raise TurnFailed("store") from error
        return reply

    async def _answer(self, message: UserMessage, tracker: DialogueStateTracker) -> None:
        tracker.model_id = self.model_metadata.model_id
        tracker.assistant_id = tracker.assistant_id or self.model_metadata.assistant_id
        await self._update_tracker_session(tracker, message.output_channel, message.metadata)
        await self._handle_message_with_tracker(message, tracker)
        await self.run_action_extract_slots(message.output_channel, tracker)
        await self._run_prediction_loop(message.output_channel, tracker)

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        """As in Rasa, but an exception ends the turn.

        Rasa logs it, loses the action's events and goes on as if all were well: the person would wait for an answer that never comes,
        and a case would not be opened.
        """
        if action.name() == ACTION_DEFAULT_FALLBACK_NAME:
            return self._no_rule(tracker)
        try:
            trial = tracker.copy()
            trial.update_with_events(prediction.events, self.domain)
            events: Optional[List[Event]] = await action.run(output_channel, nlg, trial, self.domain)
        except ActionExecutionRejection:
            tracker.update(ActionExecutionRejected(action.name(), prediction.policy_name, prediction.max_confidence))
            return self.should_predict_another_action(action.name())
        except Exception as error:
            raise TurnFailed("action") from error
        self._log_action_on_tracker(tracker, action, events, prediction)
        if any(isinstance(event, UserUttered) for event in events or []):
            await self.run_action_extract_slots(output_channel, tracker)
        return self.should_predict_another_action(action.name())

    def _no_rule(self, tracker: DialogueStateTracker) -> bool:
        """No rule says what comes next. Rasa would take the person's message back and say nothing.

        What was said so far is kept and the bot listens; when nothing was said the turn fails, so that somebody answers.
        """
        for event in reversed(tracker.events):
            if isinstance(event, BotUttered):
                logger.warning("no rule for what comes after %s", tracker.latest_action_name)
                tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
                return False
            if isinstance(event, UserUttered):
                break
        raise TurnFailed("no_rule")

    def _without_words(self, tracker: DialogueStateTracker, turn_id: str) -> DialogueStateTracker:
        """After an erasure only the last reply stays, so that it can be repeated: no text, no slots, no earlier event."""
        empty = self.tracker_store.init_tracker(tracker.sender_id)
        empty.update(ActionExecuted(ACTION_SESSION_START_NAME))
        empty.update(SessionStarted())
        empty.update(ActionExecuted(ACTION_LISTEN_NAME))
        asked = False
        for event in tracker.events:
            if isinstance(event, UserUttered) and event.metadata.get("turn_id") == turn_id:
                asked = True
                intent = {"name": event.intent_name, "confidence": event.intent.get("confidence", 1.0)}
                empty.update(
                    UserUttered(f"/{event.intent_name}", intent, [], {"intent": intent}, metadata={"turn_id": turn_id})
                )
            elif asked and isinstance(event, BotUttered):
                empty.update(event)
        empty.update(ActionExecuted(ACTION_LISTEN_NAME))
        return empty


def _endless(*_: Any) -> None:
    raise TurnFailed("endless")


def user_message(turn: Turn) -> UserMessage:
    """Text goes through understanding; a payload is its own meaning and carries its parse data."""
    parse_data: Optional[Dict[str, Any]] = None
    if turn.payload is not None:
        text = f"/{turn.payload.intent}"
        pairs = (("question", turn.payload.question), ("value", turn.payload.value))
        intent = {"name": turn.payload.intent, "confidence": 1.0}
        entities = [
            {"entity": name, "value": value, "extractor": "channel"} for name, value in pairs if value is not None
        ]
        parse_data = {"text": text, "intent": intent, "entities": entities, "intent_ranking": [intent]}
    else:
        text = spoken(turn.text or "")
    return UserMessage(
        text=text,
        output_channel=CollectingOutputChannel(),
        sender_id=turn.conversation_id,
        parse_data=parse_data,
        input_channel="waymark",
        message_id=turn.turn_id,
        metadata=turn.metadata,
    )
