"""Each test lies where its module lies; what does not is refused, with the place that it has."""

from __future__ import annotations

import pytest

from tests.project.places import misplaced

RIGHT = [
    "plugins/action/survey.py",
    "plugins/filter/changes.py",
    "plugins/module_utils/_host/release/settings.py",
    "plugins/module_utils/_host/release/store.py",
    "plugins/module_utils/_shared/layout.py",
    "plugins/modules/release.py",
    "plugins/plugin_utils/_app/sandbox.py",
    "roles/app/templates/site.conf.j2",
    "tests/__init__.py",
    "tests/lab/sources.py",
    "tests/project/docs.py",
    "tests/unit/__init__.py",
    "tests/unit/conftest.py",
    "tests/unit/behaviour/__init__.py",
    "tests/unit/behaviour/readers.py",
    "tests/unit/behaviour/test_injection.py",
    "tests/unit/controller/__init__.py",
    "tests/unit/controller/app/__init__.py",
    "tests/unit/controller/app/test_sandbox.py",
    "tests/unit/host/__init__.py",
    "tests/unit/host/release/__init__.py",
    "tests/unit/host/release/test_store.py",
    "tests/unit/host/release/test_store_links.py",
    "tests/unit/plugins/__init__.py",
    "tests/unit/plugins/test_filter.py",
    "tests/unit/plugins/action/__init__.py",
    "tests/unit/plugins/action/test_survey.py",
    "tests/unit/roles/__init__.py",
    "tests/unit/roles/app/__init__.py",
    "tests/unit/roles/app/test_templates.py",
    "tests/unit/shared/__init__.py",
    "tests/unit/shared/test_layout.py",
    "tests/unit/tooling/__init__.py",
    "tests/unit/tooling/test_lab.py",
    "tests/unit/tooling/lab/__init__.py",
    "tests/unit/tooling/lab/test_sources.py",
]
HOST = "tests/unit/host/release/test_store.py"


def test_tests_that_mirror_the_code_are_right() -> None:
    assert misplaced(RIGHT) == []


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("tests/soak.py", "found no folder; expected one for its purpose, as in tests/project/docs.py"),
        (
            "tests/unit/readers.py",
            "found no folder; expected that of the tests that use it, as in tests/unit/behaviour/readers.py",
        ),
        (
            "tests/unit/test_foo.py",
            f"found no folder; expected one that mirrors the code, as in {HOST},"
            " or tests/unit/behaviour/test_foo.py if it spans modules",
        ),
        (
            "tests/unit/test_sandbox.py",
            "found no folder; expected"
            " tests/unit/controller/app/test_sandbox.py for plugins/plugin_utils/_app/sandbox.py",
        ),
        (
            "tests/unit/test_host.py",
            f"found no folder; expected one that mirrors the code, as in {HOST},"
            " or tests/unit/behaviour/test_host.py if it spans modules",
        ),
        (
            "tests/unit/controller/app/test_store.py",
            "found no module or package that tests/unit/controller/app mirrors; expected"
            f" {HOST} for plugins/module_utils/_host/release/store.py",
        ),
        (
            "tests/unit/host/release/test_storage.py",
            "found no module or package that tests/unit/host/release mirrors; expected one that mirrors the code,"
            f" as in {HOST}, or tests/unit/behaviour/test_storage.py if it spans modules",
        ),
    ],
)
def test_a_file_out_of_place_is_refused_with_its_place(file: str, message: str) -> None:
    assert misplaced([*RIGHT, file]) == [f"{file}: {message}"]


def test_a_module_of_ansible_has_no_folder_of_its_own() -> None:
    folder = "tests/unit/plugins/modules"
    (message,) = misplaced([*RIGHT, f"{folder}/__init__.py", f"{folder}/test_release.py"])
    assert message.startswith(f"{folder}/test_release.py: found no module or package that {folder} mirrors; expected")


def test_a_test_is_refused_once_its_module_has_moved() -> None:
    moved = [file.replace("_host/release/store.py", "_host/release/releases.py") for file in RIGHT]
    assert [message.partition(":")[0] for message in misplaced(moved)] == [HOST, HOST.replace(".py", "_links.py")]


def test_a_folder_of_tests_is_a_package() -> None:
    assert misplaced([file for file in RIGHT if file != "tests/unit/host/release/__init__.py"]) == [
        "tests/unit/host/release: found no __init__.py; expected an empty one, which keeps test files of the same name"
        " apart, as in tests/unit/behaviour/__init__.py"
    ]
