"""The check of words refuses each kind of place, and reads its words in CONTRIBUTING.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import ROOT
from tests.lab import LabError
from tests.project.words import ALLOWED, GLOSSARY, TITLE, VERBS, Allowed, errors, glossary, main, unused

WORDS = {"told": "describe", "put back": "restore"}


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.py", '"""A module.\n\nIt is told.\n"""\n', 3),
        ("a.py", 'class A:\n    """Told."""\n', 2),
        ("a.py", 'def a():\n    """Return what is told."""\n', 2),
        ("a.py", "a = 1  # as told\n", 1),
        ("a.py", 'raise ValueError(f"{a} is told")\n', 1),
        ("a.py", 'a = "first\\ntold"\n', 1),
        ("a.py", "told = 1\n", 1),
        ("a.py", "a.told_apart = 1\n", 1),
        ("a.py", "def a(*, is_told): ...\n", 1),
        ("a.py", "class ToldApart: ...\n", 1),
        ("a.py", "TOLD = 1\n", 1),
        ("a.py", "import told\n", 1),
        ("a.py", "def put_back(): ...\n", 1),
        ("a.py", 'a = (\n    "files are put"\n    f" back"\n)\n', 2),
        ("a.py", "# They are put\n# back.\n", 1),
        ("told.py", "", 1),
        ("told/a.yml", "", 1),
        ("a.yml", "- name: Report what is told\n", 1),
        ("a.yml", "description: >-\n  A file that is put\n  back.\n", 2),
        ("a.yml", "# as told\n", 1),
        ("a.yml", 'msg: "{{ a_told }}"\n', 1),
        ("a.conf.j2", "{# told #}\n", 1),
        ("a.conf.j2", "# told\n", 1),
        ("a.conf.j2", "{{ told }}\n", 1),
        ("a.md", "# Told\n", 1),
        ("a.md", "```console\n$ told\n```\n", 2),
        ("Makefile", "a: ## What is told\n", 1),
        ("a.svg", "<text>told</text>\n", 1),
    ],
)
def test_a_refused_word_is_found_in_each_kind_of_place(path: str, text: str, line: int) -> None:
    [message] = errors(path, text, WORDS, ())
    assert message.startswith(f"{path}:{line}: found ")
    assert ("expected describe" in message) != ("expected restore" in message)


@pytest.mark.parametrize("text", ["untold = 1\n", "stolder = 1\n", "# put it back\n", "input_background = 1\n"])
def test_a_part_of_another_word_is_not_refused(text: str) -> None:
    assert errors("a.py", text, WORDS, ()) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('def a():\n    """The path."""\n', "The"),
        ('def a():\n    """Have a path."""\n', "Have"),
        ('def a():\n    """Returns the path."""\n', "Returns"),
        ('def a():\n    """`path` as text."""\n', "`path`"),
        ('async def a():\n    """A path."""\n', "A"),
        ('class A:\n    def a(self):\n        """What it is."""\n', "What"),
        ('class A:\n    @property\n    def a(self):\n        """Its path."""\n', "Its"),
        ('def a():\n    def b():\n        """See a()."""\n', "See"),
    ],
)
def test_a_docstring_of_a_function_must_begin_with_a_verb(text: str, word: str) -> None:
    [message] = errors("a.py", text, WORDS, ())
    assert f"begins with {word!r}, expected a verb" in message


@pytest.mark.parametrize(
    "text",
    [
        'def a():\n    """Return the path."""\n',
        'def a():\n    """Return."""\n',
        "def a(): ...\n",
        'class A:\n    """A path."""\n',
        'def test_a():\n    """As nginx does."""\n',
    ],
)
def test_a_docstring_of_a_class_or_test_may_begin_with_any_word(text: str) -> None:
    assert errors("a.py", text, WORDS, ()) == []


@pytest.mark.parametrize("folder", ["roles/a/tasks", "roles/a/handlers", "playbooks", "playbooks/tasks", "molecule/a"])
@pytest.mark.parametrize("name", ["Have nginx", "The name", '"Do it"', "Know which"])
def test_a_name_of_a_task_must_begin_with_a_verb(folder: str, name: str) -> None:
    word = name.strip('"').split()[0]
    assert errors(f"{folder}/a.yml", f"---\n- name: {name}\n", WORDS, ()) == [
        f"{folder}/a.yml:2: found a task name that begins with {word!r}, expected a verb of VERBS, as in: Install nginx"
    ]


def test_a_name_that_is_no_sentence_is_not_one_of_a_task() -> None:
    assert errors("playbooks/a.yml", "- name: Install nginx\n  apt:\n    name: nginx\n", WORDS, ()) == []


def test_have_do_and_know_are_no_verbs_of_the_list() -> None:
    assert not VERBS & {"Have", "Do", "Know", "Tell", "Look", "Let", "Go", "Come", "Be", "Get"}


def test_an_exception_excuses_its_text_in_its_files_only() -> None:
    allowed = [Allowed("told you so", "pages/*.md", "a quotation")]
    text = "I told you so.\nYou were told.\n"
    assert [message.split(" ")[0] for message in errors("pages/a.md", text, WORDS, allowed)] == ["pages/a.md:2:"]
    assert len(errors("a.md", text, WORDS, allowed)) == 2


def test_an_exception_that_excuses_nothing_is_refused() -> None:
    allowed = [Allowed("told you so", "*.md", "a quotation")]
    assert unused({"a.md": "I told you so."}, allowed) == []
    assert len(unused({"a.md": "", "a.py": "told you so"}, allowed)) == 1


def test_each_exception_has_a_reason() -> None:
    assert all(len(each.reason.split()) > 2 for each in ALLOWED)


def test_the_glossary_is_the_list_of_refused_words() -> None:
    words = glossary((ROOT / GLOSSARY).read_text())
    listed = {
        "told",
        "anew",
        "beside",
        "alone",
        "shall",
        "whoever",
        "nobody",
        "somebody",
        "meanwhile",
        "wanted",
        "mend",
    }
    assert listed <= words.keys()
    assert words["anew"] == "restart, again"


def test_a_word_without_a_replacement_of_its_own_gets_all_that_fit() -> None:
    rows = [
        "| word | means | not |",
        "| --- | --- | --- |",
        "| a | A. | `told` |",
        "| b | B. | `told`, `wanted` |",
        "| c | C. | |",
    ]
    page = "\n".join(["", TITLE, "", *rows, ""])
    assert glossary(page) == {"told": "a or b", "wanted": "b"}


@pytest.mark.parametrize("page", ["", f"\n{TITLE}\n\nNothing.\n", "| a | A. | `told` |\n"])
def test_a_page_without_a_glossary_is_refused(page: str) -> None:
    with pytest.raises(LabError, match="expected a table"):
        glossary(page)


def test_files_are_chosen_by_their_paths() -> None:
    assert main(["tests/project/words.py", "tests/project/__init__.py"]) == []
    assert Path(ROOT, "tests/project/words.py").exists()
