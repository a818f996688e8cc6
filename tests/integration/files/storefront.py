"""The application of this scenario in its versions, and the files on the controller that its inventory names."""

from __future__ import annotations

import shutil
from pathlib import Path

from ansible.parsing.vault import VaultEditor, VaultLib, VaultSecret

from tests import ROOT
from tests.lab import Lab

PASSWORD = 'p"a$$ word #1'  # noqa: S105
VAULT_PASSWORD = "the vault of the tests"  # noqa: S105
OLD_SCRIPT, NEW_SCRIPT = "app.5d41402abc4b2a76.js", "app.7d793037a0760186.js"


def publish(lab: Lab, folder: Path) -> dict[str, str]:
    """Publish the versions and write the files; gives the variables that name both."""
    repository = lab.repository("storefront", folder / "source")
    repository.create(ROOT / "examples" / "shop")
    tree = repository.tree
    shutil.copytree(Path(__file__).with_name("source"), tree, dirs_exist_ok=True)
    repository.commit("v1.0.0")
    about = tree / "shop" / "__init__.py"
    about.write_text(about.read_text().replace("1.0.0", "1.1.0"))
    static = tree / "public" / "static"
    (static / OLD_SCRIPT).rename(static / NEW_SCRIPT)
    repository.commit("v1.1.0")
    (tree / "media" / "logo.png").write_text("not empty")
    repository.commit("v1.2.0-media")
    (tree / "media" / "logo.png").unlink()
    (static / "passwords").symlink_to("/etc/passwd")
    repository.commit("v1.3.0-link")
    (static / "passwords").unlink()
    (tree / "db.sqlite3").write_text("committed by mistake")
    repository.commit("v1.4.0-database")
    (tree / "db.sqlite3").unlink()
    storefront = tree / "shop" / "storefront.py"
    storefront.write_text(f'{storefront.read_text()}\n\nPath("state.json").write_text("{{}}")\n')
    repository.commit("v1.5.0-writes")
    return {"files_repository": repository.url, "files_folder": str(_controller(folder / "controller"))}


def _controller(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    secrets = folder / "shop.env"
    secrets.write_text(f"# Secret.\nPASSWORD='{PASSWORD}'\nexport GREETING=\"one\\ntwo\"\nNAME='from the file'\n")
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))])
    VaultEditor(vault).encrypt_file(str(secrets), vault.secrets[0][1])
    (folder / "vault-password").write_text(VAULT_PASSWORD)
    (folder / "extra.toml.j2").write_text('domain = "{{ app_plan.domains | first }}"\nsecret = "{{ files_secret }}"\n')
    (folder / "wrong.env").write_text("GOOD=1\nnothing of the kind\n")
    (folder / "binary.bin").write_bytes(bytes(range(256)))
    return folder
