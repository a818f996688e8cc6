"""The folder /etc/letsencrypt: where former versions kept their certificates, and where other certbots work."""

from __future__ import annotations

import shutil
from pathlib import Path

from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import (
    CERTBOT,
    CertificateRequest,
    is_in_place,
    read_certificate,
)
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import write
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import LETSENCRYPT

FORMER = Path(LETSENCRYPT)


def adopt(request: CertificateRequest) -> bool:
    """Move a certificate that is served here out of /etc/letsencrypt, so that the CA need not issue it again.

    Only one whose files are those that are served: another program may keep one of the same name there. Its account
    stays there as well. The options of its renewal come last, so that a run that was cut off begins again.

    Returns:
        Whether there was one.
    """
    options, former = CERTBOT / "renewal" / f"{request.name}.conf", FORMER / "renewal" / f"{request.name}.conf"
    if request.source != "acme" or options.exists() or not former.is_file() or not _is_served(request):
        return False
    CERTBOT.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in (f"archive/{request.name}", f"live/{request.name}", "accounts"):
        if (FORMER / part).is_dir():
            if part != "accounts":  # a move that was cut off left it
                shutil.rmtree(CERTBOT / part, ignore_errors=True)
            shutil.copytree(FORMER / part, CERTBOT / part, symlinks=True, dirs_exist_ok=True)
    for part in ("archive", "live", "accounts"):
        if (CERTBOT / part).is_dir():
            (CERTBOT / part).chmod(0o700)
    options.parent.mkdir(mode=0o755, exist_ok=True)
    text = former.read_text(encoding="utf-8").replace(f"{FORMER}/", f"{CERTBOT}/")
    write(options, text.encode(), 0o644)
    former.unlink()
    for part in ("live", "archive"):
        shutil.rmtree(FORMER / part / request.name)
    return True


def other_certificates(request: CertificateRequest) -> list[str]:
    """Return messages about certificates of the same names that another certbot of the host keeps, and renews."""
    names = {conf.stem: FORMER / "live" / conf.stem / "cert.pem" for conf in sorted(FORMER.glob("renewal/*.conf"))}
    kept = {name: read_certificate(path) for name, path in names.items()}
    return [
        f"{request.name}: another certbot of this host keeps a certificate for {', '.join(same)} in {FORMER}, which no "
        "site of the collection serves. Its timer renews it, with all hooks there; if nothing else serves it, remove "
        f"it with that certbot: certbot delete --cert-name {name}"
        for name, certificate in kept.items()
        if certificate and (same := sorted({*certificate.domains} & {*request.domains}))
    ]


def _is_served(request: CertificateRequest) -> bool:
    try:
        return is_in_place(request, FORMER)
    except OSError:  # it is incomplete
        return False
