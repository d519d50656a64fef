"""Answers of several pieces, through the engine over pages made for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from procqa.answering.confidence import SIGNALS, Logistic
from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.index.snapshot import Snapshot
from procqa.settings import Settings
from procqa.types import Filters, Reason, Reply, Status
from tests.judging import alike
from tests.laws import check_reply

TIMES = {"Cataract surgery": 1, "Grommet fitting": 2, "Carpal release": 3}


def page(title: str, hours: int) -> str:
    return (
        f"# {title}\n\n## Summary\n\nSomething small is mended.\n\n"
        f"## Duration\n\nThe operation takes {hours} hours.\n\n"
        f"## Recovery\n\nDriving is allowed after {hours} weeks.\n\n"
        f"## Risks\n\n- Bleeding in {hours} of 100\n- Infection in {hours} of 100\n"
    )


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    folder = tmp_path_factory.mktemp("several")
    (folder / "corpus").mkdir()
    for title, hours in TIMES.items():
        (folder / "corpus" / f"{title.split()[0].lower()}.md").write_text(page(title, hours), encoding="utf-8")
    (folder / "corpus" / "asleep.md").write_text("# Hip repair\n\n## Summary\n\nUnder general anesthesia.\n")
    (folder / "corpus" / "awake.md").write_text("# Elbow repair\n\n## Summary\n\nUnder general anesthesia or none.\n")
    (folder / "corpus" / "hernia.md").write_text(
        "# Hernia mending\n\n## Recovery\n\nShower after 2 days if it is dry; swim after 3 weeks at the soonest.\n"
    )
    for side in ("left", "right"):
        text = page(f"{side.title()} toe repair", 5)
        (folder / "corpus" / f"toe-{side}.md").write_text(text, encoding="utf-8")
    build_index(Settings(corpus=folder / "corpus", index=folder / "index"), encoder=encoder)
    certain = Logistic(dict.fromkeys(SIGNALS, 0.0), 4.0)
    alike(encoder.name, certain, certain, 0.5).save(folder / "index")
    return folder / "index"


@pytest.fixture
def opened(index: Path, encoder: Encoder) -> Iterator[Callable[..., Engine]]:
    engines: list[Engine] = []

    def without(*parts: str) -> Engine:
        engines.append(Engine(Snapshot.open(index, encoder), parts))
        return engines[-1]

    yield without
    for engine in engines:
        engine.close()


def told(reply: Reply) -> list[tuple[str, str]]:
    """(page, words) of each span of the first answer."""
    cited = {citation.id: citation for citation in reply.citations}
    return [(cited[span.citation].doc_id, span.text) for span in reply.answers[0].spans]


def test_pages_named_side_by_side_are_quoted_in_turn(opened: Callable[..., Engine]) -> None:
    question = "How many hours does the operation take: carpal release vs cataract surgery?"
    engine = opened()
    reply = engine.ask(question)
    check_reply(engine, reply)
    assert (reply.status, len(reply.answers), reply.clarification) == (Status.ANSWERED, 1, None)
    assert told(reply) == [("carpal", "The operation takes 3 hours."), ("cataract", "The operation takes 1 hours.")]
    assert len(told(opened("across").ask(question))) == 1


def test_each_of_three_is_quoted(opened: Callable[..., Engine]) -> None:
    reply = opened().ask(
        "driving is allowed after how many weeks, for each: grommet fitting, carpal release, cataract?"
    )
    assert told(reply) == [
        ("grommet", "Driving is allowed after 2 weeks."),
        ("carpal", "Driving is allowed after 3 weeks."),
        ("cataract", "Driving is allowed after 1 weeks."),
    ]


def test_which_procedures_are_all_that_fit(opened: Callable[..., Engine]) -> None:
    engine = opened()
    reply = engine.ask("Which procedures are done under general anesthesia?")
    check_reply(engine, reply)
    assert dict(told(reply)) == {
        "asleep": "Under general anesthesia.",
        "awake": "Under general anesthesia or none.",
    }
    only = engine.ask("Which procedures are done under general anesthesia?", filters=Filters(doc_ids=("awake",)))
    assert [name for name, _ in told(only)] == ["awake"]


def test_each_question_of_a_message_is_answered(opened: Callable[..., Engine]) -> None:
    question = "How many hours does carpal release operation take and when is driving allowed?"
    engine = opened()
    reply = engine.ask(question)
    check_reply(engine, reply)
    assert told(reply) == [("carpal", "The operation takes 3 hours."), ("carpal", "Driving is allowed after 3 weeks.")]
    assert {citation.section for citation in reply.citations} >= {"Duration", "Recovery"}
    assert reply.interpreted_as is not None
    assert reply.interpreted_as.question == question
    assert len(told(opened("several").ask(question))) == 1


def test_each_question_is_answered_from_the_page_that_it_names(opened: Callable[..., Engine]) -> None:
    engine = opened()
    reply = engine.ask("How many hours does carpal release take and when is driving allowed after grommet fitting?")
    check_reply(engine, reply)
    assert told(reply) == [("carpal", "The operation takes 3 hours."), ("grommet", "Driving is allowed after 2 weeks.")]


def test_one_word_of_another_name_leads_no_part_away(opened: Callable[..., Engine]) -> None:
    reply = opened().ask("How many hours does carpal release operation take and when is surgery driving allowed?")
    assert {name for name, _ in told(reply)} == {"carpal"}


def test_what_the_first_answer_says_is_not_said_again(opened: Callable[..., Engine]) -> None:
    reply = opened().ask("How many hours does carpal release operation take and when is driving allowed?")
    said = [span.text for answer in reply.answers for span in answer.spans]
    assert len(reply.answers) > 1
    assert len(set(said)) == len(said)


def test_one_sentence_may_answer_two_questions_by_a_clause_each(opened: Callable[..., Engine]) -> None:
    engine = opened()
    reply = engine.ask("When may I shower after hernia mending and when may I swim after it?")
    check_reply(engine, reply)
    said = [words for _, words in told(reply)]
    assert "hower after 2 days" in " ".join(said)
    assert "wim after 3 weeks" in " ".join(said)
    assert len(set(said)) == len(said)


def test_which_procedures_something_is_not_true_of_is_not_answered(opened: Callable[..., Engine]) -> None:
    engine = opened()
    reply = engine.ask("Which procedures do not need general anesthesia?")
    check_reply(engine, reply)
    assert reply.abstention is not None
    assert reply.abstention.reason is Reason.LOW_CONFIDENCE


def test_a_word_of_comparing_beside_one_name_compares_nothing(opened: Callable[..., Engine]) -> None:
    engine = opened()
    reply = engine.ask("Are both sides done at once in left toe repair?")
    assert {name for name, _ in told(reply)} == {"toe-left"}
    both = engine.ask("What is the difference between the kinds of toe repair, do both take hours?")
    assert {name for name, _ in told(both)} == {"toe-left", "toe-right"}


def test_what_answers_both_questions_is_given_once(opened: Callable[..., Engine]) -> None:
    reply = opened().ask("When is driving allowed after carpal release? Is driving allowed after weeks?")
    assert told(reply) == [("carpal", "Driving is allowed after 3 weeks.")]


def test_a_list_is_one_line_without_lists(opened: Callable[..., Engine]) -> None:
    asked = "What are the risks of carpal release, bleeding or infection?"
    whole = ["Bleeding in 3 of 100", "Infection in 3 of 100"]
    assert [words for _, words in told(opened().ask(asked))] == whole
    assert [words for _, words in told(opened("lists").ask(asked))] == whole[:1]


@pytest.mark.parametrize(
    ("history", "question", "owed"),
    [
        (["What is carpal release?"], "How many hours does the operation take?", True),
        (["What is carpal release?"], "How many hours does grommet fitting take?", False),
        (["When is driving allowed after carpal release?"], "And what about grommet fitting?", True),
        ([], "How many hours does the operation take?", False),
    ],
)
def test_history_is_named_where_it_changed_what_was_understood(
    history: list[str], question: str, owed: bool, opened: Callable[..., Engine]
) -> None:
    reply = opened().ask(question, history=history)
    assert reply.interpreted_as is not None
    assert reply.interpreted_as.from_history is owed


def test_a_page_that_the_asker_chose_is_not_owed_to_history(opened: Callable[..., Engine]) -> None:
    only, history = Filters(doc_ids=("carpal",)), ["What is carpal release?"]
    reply = opened().ask("How many hours does the operation take?", history=history, filters=only)
    assert reply.interpreted_as is not None
    assert not reply.interpreted_as.from_history


def test_without_history_a_question_stands_alone(opened: Callable[..., Engine]) -> None:
    asked, history = "How many hours does the operation take?", ["What is carpal release?"]
    with_it, alone = opened().ask(asked, history=history), opened("history").ask(asked, history=history)
    assert told(with_it) == [("carpal", "The operation takes 3 hours.")]
    first = opened().ask(asked)
    assert replace(alone, id="", timing_ms={}) == replace(first, id="", timing_ms={})
