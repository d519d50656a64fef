"""`procqa feedback`: what people said of answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from procqa.cli.options import settings_from, state_option
from procqa.errors import ProcqaError


@click.group()
def feedback() -> None:
    """Turn what people said of answers into gold questions, or remove it."""


@feedback.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@state_option
def export(out: Path, state: Path | None) -> None:
    """Write candidates for gold questions into the folder OUT.

    confirmed.jsonl has questions whose answer was found right, in the gold format; read them before use. to-label.jsonl
    has questions whose answer was found wrong, with what was said: give them labels, and they are gold questions too.
    Only feedback whose question is known is written: the service keeps questions only where it is told to
    (PROCQA_KEEP_QUESTIONS_DAYS).
    """
    from procqa.service.feedback_store import FeedbackStore
    from procqa.service.gold_candidates import candidates
    from procqa.service.kept import KeptQuestions

    settings = settings_from(state=state)
    kept = {
        row["id"]: (row["question"], row["history"])
        for row in KeptQuestions(settings.state, settings.keep_questions_days).all()
    }
    found = candidates(FeedbackStore(settings.state, settings.keep_questions_days).all(), kept.get)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write(out / "confirmed.jsonl", found.right)
        _write(out / "to-label.jsonl", found.to_label)
    except OSError as error:
        raise ProcqaError(f"{out} cannot be written ({error.strerror}); choose another folder.") from error
    click.echo(
        f"{out}: {len(found.right)} confirmed, {len(found.to_label)} to label. "
        f"{found.without_question} ratings have no question."
    )


@feedback.command()
@click.argument("identities", metavar="ID...", nargs=-1, required=True)
@state_option
def remove(identities: tuple[str, ...], state: Path | None) -> None:
    """Remove what was said of the answers with these ids, from the disk too."""
    from procqa.service.feedback_store import FeedbackStore

    settings = settings_from(state=state)
    store = FeedbackStore(settings.state, settings.keep_questions_days)
    count = sum(store.remove(identity) for identity in identities)
    click.echo(f"Removed feedback on {count} answer{'' if count == 1 else 's'}.")


def _write(path: Path, items: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
