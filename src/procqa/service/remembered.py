"""Replies to the questions asked last, so that a question asked again is not worked out again."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from procqa.engine import Engine
from procqa.service.shared import Shared
from procqa.types import Filters, Reply

_Key = tuple[object, ...]


class RememberedReplies:
    """At most so many replies of one index, in memory alone; safe to use from several threads.

    What one index version answered is never given for another, and is forgotten when another one answers.
    """

    def __init__(self, most: int, shared: Shared | None = None) -> None:
        """`most` 0 remembers nothing; what is forgotten is so by all processes that share."""
        self._most = most
        self._shared = shared or Shared()
        self._forgotten = self._shared.forgotten()
        self._version = ""
        self._replies: OrderedDict[_Key, Reply] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._replies)

    def ask(
        self,
        engine: Engine,
        question: str,
        *,
        history: Sequence[str] = (),
        filters: Filters | None = None,
        max_answers: int = 3,
        passages: int = 0,
    ) -> Reply:
        """What the engine replies, or what it replied before under an id and with a time of its own."""
        began = time.perf_counter()
        key = (engine.info.version, question, tuple(history), filters, max_answers, passages)
        known = self._known(key)
        if known is None:
            reply = engine.ask(question, history=history, filters=filters, max_answers=max_answers, passages=passages)
            self._remember(key, reply)
            return reply
        milliseconds = round((time.perf_counter() - began) * 1000, 3)
        return replace(known, id=uuid.uuid4().hex, timing_ms={"total": milliseconds, "remembered": milliseconds})

    def forget(self) -> None:
        """Forget all of them, in every process, for instance when somebody wants a question to be gone."""
        with self._lock:
            self._replies.clear()
        self._shared.forget_replies()

    def look(self) -> None:
        """Forget them if another process was told to; before each question, and now and then while none is asked."""
        told = self._shared.forgotten()
        if told != self._forgotten:
            with self._lock:
                self._replies.clear()
                self._forgotten = told

    def _known(self, key: _Key) -> Reply | None:
        self.look()
        with self._lock:
            known = self._replies.get(key)
            if known is not None:
                self._replies.move_to_end(key)
            return known

    def _remember(self, key: _Key, reply: Reply) -> None:
        if not self._most:
            return
        with self._lock:
            if reply.index.version != self._version:
                self._replies.clear()
                self._version = reply.index.version
            self._replies[key] = reply
            if len(self._replies) > self._most:
                self._replies.popitem(last=False)
