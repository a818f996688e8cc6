"""The inputs of a release: everything that makes it what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import (
        AdditionsEntry,
        BuildStepsEntry,
        IndexEntry,
        PackageIndexEntry,
        PythonArchiveEntry,
        ReleaseEntry,
        SourceEntry,
    )


NO_STEPS: BuildStepsEntry = {"commands": [], "env": {}, "secrets": {}, "network": True}


@dataclass(frozen=True)
class ReleaseInputs:
    """Everything that makes a release what it is: the options of the same names in `ReleaseEntry`."""

    source: SourceEntry
    version: str
    files: Mapping[str, str]
    environment: str
    tree: AdditionsEntry
    units: Mapping[str, str]
    server_requirements: Sequence[str]
    installer: str
    build: Sequence[str]
    server: str = ""
    steps: BuildStepsEntry = field(default_factory=lambda: NO_STEPS, repr=False)
    python: str = "system"
    python_archive: PythonArchiveEntry | None = None
    extras: Sequence[str] = ()
    requirements: str | None = None
    dependency_groups: Sequence[str] = ()
    module: str = ""
    python_path: Sequence[str] = ()
    dependency_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    index: IndexEntry | None = None
    package_indexes: Sequence[PackageIndexEntry] = ()
    wheelhouse: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    build_hosts: Sequence[str] | None = None
    server_lock: str = ""
    require_hashes: bool = False
    insecure_transport: bool = False
    verify: bool = False

    @classmethod
    def from_entry(cls, entry: ReleaseEntry) -> ReleaseInputs:
        """Return the inputs that the options of a release contain."""
        return cls(
            source=entry["source"],
            version=entry["version"],
            files=entry["files"],
            environment=entry["environment"],
            tree=entry["tree"],
            units=entry["units"],
            server_requirements=entry["server_requirements"],
            installer=entry["installer"],
            build=entry["build"],
            server=entry["server"],
            steps=entry["steps"],
            python=entry["python"],
            python_archive=entry["python_archive"],
            extras=entry["extras"],
            requirements=entry["requirements"],
            dependency_groups=entry["dependency_groups"],
            module=entry["module"],
            python_path=entry["python_path"],
            dependency_keys=entry["dependency_keys"],
            index=entry["index"],
            package_indexes=entry["package_indexes"],
            wheelhouse=entry["wheelhouse"],
            secrets=entry["secrets"],
            build_hosts=entry["build_hosts"],
            server_lock=entry["server_lock"],
            require_hashes=entry["require_hashes"],
            insecure_transport=entry["insecure_transport"],
            verify=entry["verify"],
        )

    @property
    def package_sources(self) -> dict[str, Json]:
        """Return where distributions come from, and which ones are installed; never a password."""
        index = self.index["url"] if self.index else None
        sources: dict[str, Json] = {"index": index, "wheelhouse": self.wheelhouse, "extras": [*sorted(self.extras)]}
        # Without these options the digest is the same as before the options existed.
        if self.requirements:
            sources["requirements"] = self.requirements
        if self.dependency_groups:
            sources["dependency_groups"] = [*sorted(self.dependency_groups)]
        if self.package_indexes:
            sources["package_indexes"] = [[item["url"], *sorted(item["packages"])] for item in self.package_indexes]
        return sources

    @property
    def import_content(self) -> dict[str, Json]:
        """Return which folders the entry adds to those of modules; empty if none. Its settings name its module."""
        return {"python_path": [*self.python_path]} if self.python_path else {}

    @property
    def server_content(self) -> dict[str, Json]:
        """Return the requirements of its server, and how they are installed."""
        return {
            "server": [*self.server_requirements],
            "server_lock": self.server_lock,
            "require_hashes": self.require_hashes,
        }

    @property
    def steps_content(self) -> dict[str, Json]:
        """Return what its build is given, without secrets; empty if it is given nothing."""
        if not (self.steps["commands"] or self.steps["env"]):  # builds of packages get the variables, too
            return {}
        commands: list[Json] = [[*argv] for argv in self.steps["commands"]]
        return {"steps": {"commands": commands, "env": {**self.steps["env"]}, "network": self.steps["network"]}}

    @property
    def all_secrets(self) -> dict[str, str]:
        """Return the secrets that its name depends on: the application's, and those of its build."""
        return {**self.secrets, **{f"build {name}": value for name, value in self.steps["secrets"].items()}}
