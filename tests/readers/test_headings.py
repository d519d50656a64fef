import pytest

from procqa.readers import CANONICAL_SECTIONS, canonical_section
from procqa.readers.headings import _vocabulary


@pytest.mark.parametrize("name", CANONICAL_SECTIONS)
def test_a_canonical_name_means_itself_however_it_is_written(name: str) -> None:
    for written in (name, name.upper(), f"{name}:", f"## {name}", f"**{name}:**", f"3. {name}", f"  {name}  "):
        assert canonical_section(written) == name


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Why it's done", "Purpose"),
        ("Why it’s done", "Purpose"),
        ("Who needs it", "Indications"),
        ("Before your operation", "Preparation"),
        ("How you prepare", "Preparation"),
        ("How to Prepare for the Test", "Preparation"),
        ("What happens during a procedure?", "Procedure Description"),
        ("How the Test is Performed", "Procedure Description"),
        ("What happens", "Procedure Description"),
        ("How long does it take?", "Duration"),
        ("Length of procedure", "Duration"),
        ("Where it is done", "Setting"),
        ("Who performs it", "Personnel"),
        ("Who does the operation?", "Personnel"),
        ("Side effects", "Risks and Complications"),
        ("What are the risks?", "Risks and Complications"),
        ("Risks & complications", "Risks and Complications"),
        ("Possible complications of the procedure", "Risks and Complications"),
        ("Results", "Benefits"),
        ("Aftercare", "Recovery"),
        ("After the procedure", "Recovery"),
        ("Hospital stay", "Recovery"),
        ("Going home", "Recovery"),
        ("Test results", "Recovery"),
        ("What to expect after surgery", "Recovery"),
        ("Other options", "Alternatives"),
        ("What are the alternatives to surgery?", "Alternatives"),
        ("What it feels like", "Patient Experience"),
        ("How the Test will Feel", "Patient Experience"),
        ("What to expect", "Patient Experience"),
        ("Recovery (after the operation)", "Recovery"),
    ],
)
def test_words_of_patient_sites(heading: str, name: str) -> None:
    assert canonical_section(heading) == name


@pytest.mark.parametrize(
    ("heading", "title", "name"),
    [
        ("What are the risks of lumpectomy?", "Lumpectomy", "Risks and Complications"),
        ("Lumpectomy risks", "Lumpectomy (Breast-Conserving Surgery)", "Risks and Complications"),
        ("What is cryosurgery?", "Cryosurgery to Treat Cancer", "Summary"),
        ("Before a colonoscopy", "Colonoscopy", "Preparation"),
        ("After mastectomy", "Breast Reconstruction After Mastectomy", "Recovery"),
        ("Recovery", "Recovery room nursing", "Recovery"),
    ],
)
def test_words_of_the_title_do_not_count(heading: str, title: str, name: str) -> None:
    assert canonical_section(heading, title) == name


@pytest.mark.parametrize(
    "heading",
    [
        "",
        "Anaesthetic",
        "Risks and benefits",
        "Alternative names",
        "Surgeon",
        "Other",
        "References",
        "Treatment",
        "x" * 500,
        "The procedure is indicated for patients who:",
        "Types of mastectomy",
        "Details",
        "The",
        "Before and after",
        "Cost",
    ],
)
def test_what_is_not_sure_has_no_canonical_name(heading: str) -> None:
    assert canonical_section(heading) is None


def test_the_vocabulary_is_broad_and_no_alias_means_two_sections() -> None:
    table = _vocabulary()
    assert len(table) >= 250
    assert set(table.values()) == set(CANONICAL_SECTIONS)
