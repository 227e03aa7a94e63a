"""A corpus of sound systems is read from a file, placed in its environments, and refused in one line where it is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.errors import UsageError
from stormproof.lab import sound


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such corpus"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("corpus = 3", "has no value `corpus` of type stormproof.lab.sound.Corpus"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "corpus.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError) as raised:
        sound.load(path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_corpus_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("from stormproof.lab.sound import Corpus\n")
    path = tmp_path / "corpus.py"
    path.write_text(
        "from beside_it import Corpus\ncorpus = Corpus(environments={}, common=('x',), sound=(), twins=())\n"
    )
    assert sound.load(path).common == ("x",)
