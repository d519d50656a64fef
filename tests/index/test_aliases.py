"""Other names of procedures: what a file of them may hold, how questions are read by it, and when a build notices."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.doctor.corpus import corpus_findings
from procqa.doctor.finding import Weight
from procqa.doctor.index import index_findings
from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.errors import ReadError
from procqa.index.aliases import Alias, Aliases, aliases_text, own_aliases, parse_aliases
from procqa.index.build import build_index, plan_index
from procqa.settings import Settings
from procqa.types import Status

KNEE = Alias("Total knee replacement", ("TKR", "new knee", "knee replacement"), 1)
HALF = Alias("Partial knee replacement", ("half knee", "UKR"), 2)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("how long is a TKR?", "how long is a Total knee replacement?"),
        ("tkr recovery", "Total knee replacement recovery"),
        ("my new-knee hurts", "my Total knee replacement hurts"),
        ("NEW  KNEE", "Total knee replacement"),
        ("knee replacement", "Total knee replacement"),
        ("total knee replacement", "total knee replacement"),  # it is the name already
        ("partial knee replacement or UKR", "partial knee replacement or Partial knee replacement"),
        ("renew kneecaps, TKRs", "renew kneecaps, TKRs"),  # parts of words are no names
        ("", ""),
    ],
)
def test_a_question_is_read_in_the_words_of_the_pages(said: str, read: str) -> None:
    assert Aliases([KNEE, HALF]).spelt_out(said) == read


@given(text=st.text(max_size=60))
def test_without_aliases_a_question_is_read_as_it_is(text: str) -> None:
    assert Aliases([]).spelt_out(text) == text


@given(
    words=st.lists(st.sampled_from(["TKR", "new knee", "half knee", "total knee replacement", "?", "of"]), max_size=9)
)
def test_what_was_spelt_out_stays(words: list[str]) -> None:
    aliases = Aliases([KNEE, HALF])
    once = aliases.spelt_out(" ".join(words))
    assert aliases.spelt_out(once) == once


def test_a_file_of_names() -> None:
    text = (
        "# names\n\nTotal knee replacement = TKR, new knee, knee replacement\n Partial knee replacement=half knee,UKR"
    )
    first, second = parse_aliases(text, "aliases.txt")
    assert (first.name, set(first.others), first.line) == (KNEE.name, set(KNEE.others), 3)
    assert (second.name, second.others, second.line) == (HALF.name, HALF.others, 4)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("TKR", "there is no other name"),
        ("Knee =", "there is no other name"),
        ("Knee = TKR,", "there is no other name"),
        ("Knee = TKR, ?", "there is no other name"),
        ("= TKR", "there is no name before"),
        ("Knee = it", "'it' is an everyday word"),
        ("Knee = Hip-joint", "'Hip-joint' is given on line 2 already"),
    ],
)
def test_every_bad_line_is_named(line: str, fault: str) -> None:
    with pytest.raises(ReadError, match=f"(?s)names.txt.*line 4: .*{fault}") as refused:
        parse_aliases(f"# names\nHip = hip joint\n\n{line}\nEye\n", "names.txt")
    assert "line 5: there is no other name" in str(refused.value)
    assert "line 2:" not in str(refused.value)


def test_a_file_that_is_named_must_be_there_and_be_text(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Näht = é".encode("latin-1"))
    for name, reason in (("nowhere.txt", "No such file"), ("latin.txt", "UTF-8")):
        with pytest.raises(ReadError, match=reason):
            aliases_text(Settings(corpus=tmp_path, aliases=str(tmp_path / name)))
    assert aliases_text(Settings(corpus=tmp_path)) == ""


def asked(settings: Settings, encoder: Encoder, question: str, *history: str) -> list[str]:
    """The answers."""
    engine = Engine.open(settings.index, encoder=encoder)
    reply = engine.ask(question, history=history)
    engine.close()
    return [answer.text for answer in reply.answers]


def test_a_changed_file_changes_answers_and_embeds_nothing(settings: Settings, index: Path, encoder: Encoder) -> None:
    question = "how long do I stay in hospital after a ZQX?"
    before = asked(settings, encoder, question)
    assert "You stay in hospital for 3 days." not in before
    (settings.corpus / "aliases.txt").write_text("Mitral valve repair = ZQX\n", encoding="utf-8")
    assert "aliases changed" in "".join(plan_index(settings, encoder=encoder).needs)
    built = build_index(settings, encoder=encoder)
    assert (built.published, built.embedded, built.documents, bool(built.changes)) == (True, 0, 3, False)
    assert asked(settings, encoder, question)[0] == "You stay in hospital for 3 days."
    assert asked(settings, encoder, "how long in hospital?", "What is a ZQX?")[0] == "You stay in hospital for 3 days."
    again = build_index(settings, encoder=encoder)
    assert (again.published, again.needs) == (False, ())
    (settings.corpus / "aliases.txt").unlink()
    assert build_index(settings, encoder=encoder).published
    assert asked(settings, encoder, question) == before


def test_the_echo_tells_how_the_question_was_read(settings: Settings, index: Path, encoder: Encoder) -> None:
    (settings.corpus / "aliases.txt").write_text("Mitral valve repair = ZQX\n", encoding="utf-8")
    build_index(settings, encoder=encoder)
    engine = Engine.open(settings.index, encoder=encoder)
    reply = engine.ask("How long do I stay in hospital after ZQX?")
    assert reply.status is Status.ANSWERED
    assert reply.question == "How long do I stay in hospital after ZQX?"
    assert reply.interpreted_as is not None
    assert reply.interpreted_as.question == "How long do I stay in hospital after Mitral valve repair?"
    assert engine.search("ZQX", top_k=1)[0].passage.doc_id == "heart/mitral"
    engine.close()


@pytest.mark.parametrize(
    ("pages", "learned"),
    [
        ([["Peritoneal dialysis", "CAPD", "manual bags"]], {"Peritoneal dialysis": ["capd"]}),
        ([["A", "xa", "yb"], ["B", "zc"]], {"A": ["xa", "yb"], "B": ["zc"]}),
        ([["Twice", "xa"], ["Twice", "yb"]], {"Twice": ["xa", "yb"]}),
        ([["A", "XA"], ["B", "xa"]], {}),  # it may mean either
        ([["Valve mending", "TMVR"], ["TMVR by catheter"]], {}),
        ([["Listening (EBUS)", "EBUS"]], {}),  # its title says it already
        ([["Knee mending", "Bend", "VE", "US"]], {}),  # people say these of much else
        ([["Pacing = beating\u2028", "PCG"]], {"Pacing = beating\u2028": ["pcg"]}),
        ([["A name alone"], ["--", "--"]], {}),
        ([], {}),
    ],
)
def test_one_word_that_leads_to_one_page_is_learned(pages: list[list[str]], learned: dict[str, list[str]]) -> None:
    assert own_aliases(pages, {"bend"}.__contains__) == learned


def test_a_page_is_found_by_its_own_alias_unless_the_keeper_says_otherwise(
    settings: Settings, index: Path, encoder: Encoder
) -> None:
    text = (
        "---\ntitle: Mending an ear\naliases: [ZQX]\n---\n\n## Recovery\n\nYou stay in hospital for 9 days.\n\n"
        "## Risks\n\nA ringing ear.\n"
    )
    (settings.corpus / "ear.md").write_text(text, encoding="utf-8")
    build_index(settings, encoder=encoder)
    question = "How long do I stay in hospital after ZQX?"
    assert asked(settings, encoder, question)[0] == "You stay in hospital for 9 days."
    (settings.corpus / "aliases.txt").write_text("Mitral valve repair = ZQX\n", encoding="utf-8")
    build_index(settings, encoder=encoder)
    assert asked(settings, encoder, question)[0] == "You stay in hospital for 3 days."


def test_a_page_is_found_by_an_alias_of_words_that_stand_nowhere_else(
    settings: Settings, index: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "---\ntitle: Mending an ear\naliases: [the Quoll method]\n---\n\n## Risks\n\nA ringing ear.\n"
    (settings.corpus / "tympanum.md").write_text(text, encoding="utf-8")
    build_index(settings, encoder=encoder)
    engine = Engine.open(index, encoder=encoder)
    # Neither vectors nor titles propose it.
    monkeypatch.setattr("procqa.retrieval.pool.DENSE_POOL", 1)
    monkeypatch.setattr("procqa.retrieval.pool.TITLE_POOL", 1)
    hits = engine.search("The Quoll method")
    assert hits[0].passage.doc_id == "tympanum"
    engine.close()


def test_a_bad_file_keeps_the_index_as_it_was(settings: Settings, index: Path, encoder: Encoder) -> None:
    before = shutil.copytree(index, index.with_name("before"))
    (settings.corpus / "aliases.txt").write_text("Mitral valve repair\n", encoding="utf-8")
    with pytest.raises(ReadError, match=r"aliases\.txt.*\nline 1"):
        build_index(settings, encoder=encoder)
    assert sorted(path.name for path in index.rglob("*")) == sorted(path.name for path in before.rglob("*"))


def test_the_doctor_tells_what_is_wrong_with_them(settings: Settings, index: Path) -> None:
    def found() -> list[tuple[Weight, str]]:
        told = [*corpus_findings(settings), *index_findings(settings)]
        return [(item.weight, item.sentence) for item in told if item.part == "aliases" or "liases" in item.sentence]

    assert found() == []
    (settings.corpus / "aliases.txt").write_text("mitral repair = ZQX\nElbow repair = EQX\n", encoding="utf-8")
    assert found() == [
        (Weight.WARNING, "aliases.txt, line 2: no page is called 'Elbow repair': its other names lead nowhere."),
        (Weight.WARNING, "The aliases are not those that the index was built with."),
    ]
    (settings.corpus / "aliases.txt").write_text("Elbow repair\n", encoding="utf-8")
    assert [weight for weight, _ in found()] == [Weight.PROBLEM]
