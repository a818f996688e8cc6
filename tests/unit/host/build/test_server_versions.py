"""An application's own versions of its server are refused before anything is built, with the line to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.requirements import Requirements, included
from ansible_collections.asgi.deploy.plugins.module_utils._host.build.server_versions import ServerVersions
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

NEEDED = frozenset({"gunicorn", "uvicorn", "python-json-logger"})


def versions(source: str, server: str = "gunicorn") -> ServerVersions:
    return ServerVersions(server, NEEDED, "shop v1", source)


def refused(requirements: Requirements, tree: Path, server: str = "gunicorn") -> str:
    with pytest.raises(DeployError) as error:
        versions(requirements.source, server).check_requirements(requirements, tree, tree)
    return str(error.value)


def test_the_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# pinned\nfastapi==0.1\n-r base/more.txt\n", encoding="utf-8")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "more.txt").write_text(
        "\nuvicorn[standard]==0.29.0 \\\n    --hash=sha256:00\n", encoding="utf-8"
    )
    requirements = Requirements("requirements.txt", included(tmp_path, "requirements.txt"), False)
    assert refused(requirements, tmp_path) == (
        "line 2 of base/more.txt of shop v1 has uvicorn==0.29.0, with which server: gunicorn does not work; expected "
        "uvicorn>=0.30.0: write uvicorn>=0.30.0, or leave uvicorn out, as the server brings its own"
    )


def test_a_constraint_requires_nothing(tmp_path: Path) -> None:
    """What it constrains may not be installed at all; what is installed is compared later."""
    (tmp_path / "requirements.txt").write_text("-c constraints.txt\nfastapi\n", encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("uvicorn==0.29.0\n", encoding="utf-8")
    requirements = Requirements("requirements.txt", included(tmp_path, "requirements.txt"), False)
    versions("requirements.txt").check_requirements(requirements, tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        (
            "uv.lock",
            "write uvicorn>=0.30.0 in the dependencies of pyproject.toml, then run uv lock --upgrade-package uvicorn",
        ),
        ("pylock.toml", "require uvicorn>=0.30.0, and lock again"),
        ("pyproject.toml", "write uvicorn>=0.30.0 in the dependencies of pyproject.toml"),
        ("package", "write uvicorn>=0.30.0, or leave uvicorn out, as the server brings its own"),
    ],
)
def test_the_remedy_fits_the_file(tmp_path: Path, source: str, remedy: str) -> None:
    text = refused(Requirements(source, "uvicorn==0.29.0\n", False), tmp_path, "uvicorn")
    assert text == (
        f"{source} of shop v1 has uvicorn==0.29.0, with which server: uvicorn does not work; "
        f"expected uvicorn>=0.30.0: {remedy}"
    )


def test_another_server_is_named_where_it_works(tmp_path: Path) -> None:
    text = refused(Requirements("package", "gunicorn==23.0.0\n", False), tmp_path, "gunicorn-asgi")
    assert text.endswith("; or write server: gunicorn, which works with gunicorn>=21.2.0")


def test_what_requirements_lead_to_is_compared_as_well() -> None:
    """A range, or a requirement of another distribution, has no version before it is installed."""
    with pytest.raises(DeployError) as error:
        versions("pyproject.toml").check_installed({"fastapi": "0.1", "gunicorn": "20.1.0"})
    assert str(error.value).startswith(
        "pyproject.toml of shop v1 leads to gunicorn==20.1.0, with which server: gunicorn"
    )
    versions("pyproject.toml").check_installed({"gunicorn": "23.0.0", "uvicorn": "0.34.3"})
