"""Twin pages, follow-ups and refusals, through the engine over pages made for them."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from procqa.answering.confidence import SIGNALS, Calibration, Judge, Kind, Logistic
from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.settings import Settings
from procqa.types import Filters, Reason, Reply, Status
from tests.judging import alike

STAY = "How long do I stay in hospital after knee repair?"
STAY_INNER = "How long do I stay in hospital after medial knee repair?"
SIDES = {"medial": 3, "outer": 7}

Open = Callable[..., Engine]


def page(title: str, recovery: str) -> str:
    return f"# {title}\n\n## Summary\n\nA surgeon mends the joint.\n\n## Recovery\n\n{recovery}\n"


TWINS = {
    side: page(f"{side.title()} knee repair", f"You stay in hospital for {days} days.") for side, days in SIDES.items()
}
ELSEWHERE = {
    "eye": page("Cataract surgery", "Do not rub the eye."),
    "ear": page("Grommet fitting", "Keep the ear dry."),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """An index of the twins and two pages of other names; copied for each test."""
    folder = tmp_path_factory.mktemp("twins")
    (folder / "corpus").mkdir()
    for name, text in (TWINS | ELSEWHERE).items():
        (folder / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    build_index(Settings(corpus=folder / "corpus", index=folder / "index"), encoder=encoder)
    return folder / "index"


@pytest.fixture
def opened(built: Path, tmp_path: Path, encoder: Encoder) -> Iterator[Open]:
    """Opens an engine that takes a page as known by its title and an answer as right when its page holds the words, and
    answers from a threshold on."""
    engines: list[Engine] = []

    def over(threshold: float = 0.5) -> Engine:
        index = Path(shutil.copytree(built, tmp_path / "index"))
        nothing = dict.fromkeys(SIGNALS, 0.0)
        holds = Logistic({**nothing, "explained": 8.0, "line": 4.0}, -6.0)
        titled = Logistic({**nothing, "title": 40.0}, -16.0)
        alike(encoder.name, holds, Logistic(nothing, 4.0), threshold, known=titled).save(index)
        engines.append(Engine.open(index, encoder=encoder))
        return engines[-1]

    yield over
    for engine in engines:
        engine.close()


def options(reply: Reply) -> set[str]:
    assert reply.clarification is not None
    return {place.doc_id for place in reply.clarification.options}


def test_two_pages_that_fit_alike_are_asked_back_about(opened: Open) -> None:
    reply = opened().ask(STAY)
    assert reply.status is Status.NEEDS_CLARIFICATION
    assert options(reply) == {"medial", "outer"}
    assert reply.clarification is not None
    assert reply.clarification.message.endswith("?")
    assert all(place.section == "" for place in reply.clarification.options)
    assert reply.abstention is None
    cited = {citation.id: citation for citation in reply.citations}
    told = {cited[answer.spans[0].citation].doc_id: answer.text for answer in reply.answers}
    assert told == {side: f"You stay in hospital for {days} days." for side, days in SIDES.items()}
    named = [cited[answer.spans[0].citation].doc_id for answer in reply.answers]
    assert named == [place.doc_id for place in reply.clarification.options]


@pytest.mark.parametrize("side", SIDES)
def test_the_one_that_is_named_is_answered(side: str, opened: Open) -> None:
    reply = opened().ask(f"How long do I stay in hospital after {side} knee repair?")
    assert reply.status is Status.ANSWERED
    assert reply.clarification is None
    assert reply.answers[0].text == f"You stay in hospital for {SIDES[side]} days."


def test_fewer_answers_than_options_may_be_asked_for(opened: Open) -> None:
    reply = opened().ask(STAY, max_answers=1)
    assert len(reply.answers) == 1
    assert options(reply) == {"medial", "outer"}


def test_pages_of_other_names_are_not_asked_back_about(opened: Open) -> None:
    # Both pages say this in the same words, and nobody who asks of one could mean the other.
    reply = opened().ask("Which surgeon mends the joint?", filters=Filters(doc_ids=tuple(ELSEWHERE)))
    assert reply.status is Status.ANSWERED
    assert reply.answers[0].text == "A surgeon mends the joint."


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("follow_up", ["How long do I stay in hospital?", "in hospital, for how many days"])
def test_a_follow_up_stays_on_the_page_of_its_history(side: str, follow_up: str, opened: Open) -> None:
    history = [f"What is {side} knee repair?", "Who mends the joint?"]
    reply = opened().ask(follow_up, history=history)
    assert reply.answers[0].text == f"You stay in hospital for {SIDES[side]} days."
    assert reply.interpreted_as is not None
    assert reply.interpreted_as.place.doc_id == side
    assert reply.interpreted_as.from_history
    assert reply.interpreted_as.question == follow_up


def test_a_follow_up_that_names_the_other_page_goes_there(opened: Open) -> None:
    reply = opened().ask(
        "And what about outer knee repair?", history=["How long do I stay in hospital after medial knee repair?"]
    )
    assert reply.answers[0].text == "You stay in hospital for 7 days."
    assert reply.interpreted_as is not None
    assert reply.interpreted_as.place.doc_id == "outer"


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("follow_up", ["and with the other kind?", "hang on, mine is the other sort", "the other one?"])
def test_a_follow_up_that_turns_away_goes_to_the_twin_without_its_name(side: str, follow_up: str, opened: Open) -> None:
    history = [f"How long do I stay in hospital after {side} knee repair?"]
    reply = opened(0.0).ask(follow_up, history=history)
    (other,) = SIDES.keys() - {side}
    assert reply.interpreted_as is not None
    assert reply.interpreted_as.place.doc_id == other
    assert reply.answers[0].text == f"You stay in hospital for {SIDES[other]} days."


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("???", Reason.NOT_A_QUESTION),
        ("best pizza near Brussels?", Reason.NO_RELEVANT_CONTENT),
        ("Cataract surgery parking, valet, shuttle?", Reason.SECTION_MISSING),
        ("How many days in hospital?", Reason.UNKNOWN_PROCEDURE),
        ("knee repair hospital", Reason.LOW_CONFIDENCE),
    ],
)
def test_each_refusal_has_its_reason(question: str, reason: Reason, opened: Open) -> None:
    engine = opened(1.0)
    reply = engine.ask(question)
    assert reply.abstention is not None
    assert (reply.abstention.reason, reply.answers, reply.citations) == (reason, (), ())
    assert reply.abstention.message.endswith(".")
    assert 0 <= reply.abstention.confidence < 1
    nearest = reply.abstention.nearest
    assert len(set(nearest)) == len(nearest) <= 3
    assert bool(nearest) == (reason is not Reason.NOT_A_QUESTION)


def test_what_is_held_back_is_examined_alike(opened: Open) -> None:
    engine = opened(1.0)
    asked = "How long do I stay in hospital after medial knee repair?"
    assert engine.ask(asked).status is Status.ABSTAINED
    examined = engine.examine(asked)
    assert examined is not None
    evidence, (chosen,) = examined
    assert [line.text for line in chosen.lines] == ["You stay in hospital for 3 days."]
    assert evidence.explained == pytest.approx(5 / 6)  # "long" stands nowhere on the page
    assert 0 < evidence.page_margin < 1


def test_words_that_name_another_procedure_are_foreign_to_the_page(opened: Open) -> None:
    engine = opened()

    def foreign(question: str, *history: str) -> float:
        examined = engine.examine(question, history)
        assert examined is not None
        return examined[0].foreign

    assert foreign("How long do I stay in hospital after medial knee repair?") == 0
    assert foreign("How long do I stay in hospital after medial knee arthroscopy?") == 1
    assert foreign("How long in hospital?", "Is a knee arthroscopy better than a meniscectomy or an osteotomy?") == 2


def test_what_the_page_knows_of_the_message_before_is_evidence(opened: Open) -> None:
    engine = opened()
    asked = "How long do I stay in hospital?"
    alone, stayed, turned = (
        engine.examine(question, history)
        for question, history in (
            (STAY, ()),
            (asked, ["medial knee repair"]),
            ("and with the other kind?", [STAY_INNER]),
        )
    )
    assert alone is not None
    assert stayed is not None
    assert turned is not None
    assert (alone[0].weakest_before, alone[0].left, alone[0].turns) == (0.0, 0.0, 0.0)
    assert (alone[0].alone_margin, alone[0].continues_margin) == (0.0, 0.0)
    assert stayed[0].weakest_before > 0.9
    assert stayed[0].left == 0.0
    assert turned[0].left > 0.0
    assert 0 < stayed[0].turns < 0.5 < turned[0].turns < 1
    # Going on from the page before speaks for it, and where the message turns, for the other one.
    assert stayed[0].continues_margin > 0
    assert turned[0].continues_margin > 0


def test_what_a_follow_up_says_by_itself_is_evidence(opened: Open) -> None:
    engine = opened()
    unsaid, said = (
        engine.examine(question, ["medial knee repair"])
        for question in ("How long do I stay?", "How long do I stay after medial knee repair?")
    )
    assert unsaid is not None
    assert said is not None
    assert said[0].alone_margin > max(0.0, unsaid[0].alone_margin)


def test_pages_that_fit_as_well_are_rivals(opened: Open) -> None:
    engine = opened()
    rivals = []
    for question in (STAY, "How long do I stay in hospital after medial knee repair?"):
        examined = engine.examine(question)
        assert examined is not None
        rivals.append(examined[0].rivals)
    assert rivals[0] == pytest.approx(math.log(2), abs=0.1)  # the other two pages hardly count
    assert 0 < rivals[1] < rivals[0] / 2


def test_doubt_about_the_page_holds_back_an_answer_but_no_request_to_choose_one(
    opened: Open, tmp_path: Path, encoder: Encoder
) -> None:
    opened()
    sure, doubtful = (Logistic(dict.fromkeys(SIGNALS, 0.0), bias) for bias in (40.0, -40.0))
    made = Calibration(encoder.name, dict.fromkeys(Kind, Judge(sure, sure, doubtful, sure)), threshold=0.6)
    made.save(tmp_path / "index")
    engine = Engine.open(tmp_path / "index", encoder=encoder)
    assert engine.ask("How long do I stay in hospital after medial knee repair?").status is Status.ABSTAINED
    assert engine.ask(STAY).status is Status.NEEDS_CLARIFICATION
    engine.close()


JOINTS = ("ankle", "elbow", "finger", "hip", "shoulder", "wrist")


@pytest.fixture
def many(tmp_path: Path, encoder: Encoder) -> Iterator[Engine]:
    """An engine over six pages that answer the same questions, each with another number."""
    (tmp_path / "corpus").mkdir()
    for days, joint in enumerate(JOINTS, 2):
        text = page(f"{joint.title()} cleaning", f"Rest the arm or leg for {days} days.")
        (tmp_path / "corpus" / f"{joint}.md").write_text(text, encoding="utf-8")
    build_index(Settings(corpus=tmp_path / "corpus", index=tmp_path / "index"), encoder=encoder)
    nothing = dict.fromkeys(SIGNALS, 0.0)
    alike(encoder.name, Logistic(nothing, 4.0), Logistic(nothing, 4.0), 0.5).save(tmp_path / "index")
    engine = Engine.open(tmp_path / "index", encoder=encoder)
    yield engine
    engine.close()


ANY = "For days rest the leg or arm?"


def test_what_could_be_about_any_page_is_asked_back_about(many: Engine) -> None:
    reply = many.ask(ANY)
    assert reply.status is Status.NEEDS_CLARIFICATION
    assert len(options(reply)) == len(reply.answers) == 3
    assert all(answer.text.startswith("Rest the arm or leg for ") for answer in reply.answers)


@pytest.mark.parametrize(
    ("question", "history", "filters"),
    [
        (f"Elbow cleaning: {ANY}", (), None),
        (ANY, ("What is elbow cleaning?",), None),
        (ANY, (), Filters(doc_ids=("elbow",))),
    ],
)
def test_a_procedure_that_is_told_in_any_way_is_not_asked_for(
    question: str, history: tuple[str, ...], filters: Filters | None, many: Engine
) -> None:
    reply = many.ask(question, history=history, filters=filters)
    assert reply.status is Status.ANSWERED
    assert reply.answers[0].text == "Rest the arm or leg for 3 days."


def test_a_word_that_no_page_has_may_name_a_procedure(many: Engine) -> None:
    assert many.ask(f"Lasik: {ANY}").status is Status.ANSWERED


@pytest.mark.model
def test_a_follow_up_keeps_its_page_with_the_real_encoder(real_index: Path) -> None:
    engine = Engine.open(real_index)
    for name, days in (("aortic", 7), ("mitral", 3)):
        reply = engine.ask("And how long will I be in hospital?", history=[f"What is {name} valve repair?"])
        assert reply.answers[0].text == f"You stay in hospital for {days} days."
    engine.close()
