"""Mozilla's guidelines, by the judgement of sslyze, which has version 5.7 of them; 6.0 only forbids more."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.integration.conftest import Web

# By what the CA signs is its own affair; pebble's has a key for RSA, which is not modern.
OF_THE_CA = "certificate_signatures"


def mozilla(site: Web, profile: str) -> None:
    """Fail the test if sslyze objects to anything that the site offers."""
    argv = [str(Path(sys.executable).with_name("sslyze")), f"--mozilla_config={profile}", f"--sni={site.domain}"]
    argv += [f"--certinfo_ca_file={site.ca}", f"{site.host.address}:443"]
    output = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300).stdout
    _, asked, judged = output.partition(f'Checking results against Mozilla\'s "{profile}" configuration')
    assert asked, output
    verdict = re.search(rf"{re.escape(site.host.address)}:443: (OK - Compliant|FAILED - Not compliant)", judged)
    objections = [text for text in re.findall(r"^\s+\* (.*)$", judged, re.MULTILINE) if not text.startswith(OF_THE_CA)]
    assert verdict and objections == [], output
