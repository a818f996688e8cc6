"""Whether rules of nft are possible is the kernel's answer, and follows the rights of the process."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system import netfilter

OTHER_USER = 65_534
NFT = Path("/usr/sbin/nft")


def test_without_the_right_to_set_up_the_network_it_takes_none() -> None:
    """As in a container that was not given it."""
    code = Path(netfilter.__file__).read_text(encoding="utf-8") + "\nprint(takes_rules())\n"
    user = OTHER_USER if os.getuid() == 0 else None
    done = subprocess.run(
        ["/usr/bin/python3", "-"], input=code, user=user, cwd="/", capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.skipif(os.getuid() != 0 or not NFT.exists(), reason="takes root, and nft to compare with")
def test_it_says_what_nft_finds() -> None:
    actual = subprocess.run([NFT, "list", "tables"], capture_output=True, check=False).returncode == 0
    assert netfilter.takes_rules() is actual
