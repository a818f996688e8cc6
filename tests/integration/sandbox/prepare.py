"""What the scenario `sandbox` takes from the controller: wheels for the application whose builds reach no index."""

from __future__ import annotations

import os

from tests.integration.hosts import LAB
from tests.integration.sandbox.conftest import scenario
from tests.lab.git import authority_of

if __name__ == "__main__":
    # The lab's hosts trust the authority of its git server; here only git does, for this run.
    os.environ["GIT_SSL_CAINFO"] = str(authority_of(LAB.name))
    scenario(name="wheelhouse").ok()
