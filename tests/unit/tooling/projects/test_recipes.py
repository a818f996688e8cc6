"""The pages with recipes are those that the campaign follows."""

from __future__ import annotations

from tests import ROOT
from tests.project import pages
from tests.project.recipes import BLOCK
from tests.projects.recipes import RECIPES, TOKEN, picture


def test_pages_whose_commands_are_not_run_elsewhere_are_followed() -> None:
    assert {recipe.page for recipe in RECIPES} == pages.FOLLOWED


def test_each_page_has_an_inventory_and_files_for_it() -> None:
    for recipe in RECIPES:
        text = (ROOT / recipe.page).read_text(encoding="utf-8")
        files = {block["path"]: block["text"] for block in BLOCK.finditer(text) if block["path"]}
        assert recipe.domain in files["inventory.yml"]
        assert len(files) > 1
        assert (recipe.repository or "") in text


def test_token_of_a_form_is_found() -> None:
    form = '<input type="hidden" name="csrfmiddlewaretoken" value="s3cret"><input name="username" value="ada">'
    assert TOKEN.findall(form) == [("csrfmiddlewaretoken", "s3cret")]


def test_picture_is_a_png() -> None:
    assert picture().startswith(b"\x89PNG")
