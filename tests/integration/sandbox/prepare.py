"""What the scenario `sandbox` takes from the controller: wheels for the application whose builds reach no index."""

from __future__ import annotations

from tests.integration.sandbox.conftest import scenario

if __name__ == "__main__":
    scenario(name="wheelhouse").ok()
