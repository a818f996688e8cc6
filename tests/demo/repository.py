"""The repository of an application, with versions to release and to go back to."""

from __future__ import annotations

from pathlib import Path

from tests import ROOT
from tests.lab.git import Repository


def versions(repository: Repository, source: Path = ROOT / "examples" / "shop") -> None:
    """Make three versions of an application, by default the example: two good ones, and one that does
    not even start.
    """
    repository.create(source)
    about, main = repository.tree / "shop" / "__init__.py", repository.tree / "shop" / "main.py"
    repository.commit("v1.0.0")
    about.write_text(about.read_text().replace("1.0.0", "1.1.0"))
    repository.commit("v1.1.0")
    sound = main.read_text()
    main.write_text(sound + '\nraise RuntimeError("this version is broken on purpose")\n')
    repository.commit("v1.2.0")
    main.write_text(sound)
