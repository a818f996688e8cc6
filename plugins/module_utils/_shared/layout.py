"""Where everything lives on a host: the fixed paths, and the paths, units and identifiers of an application.

Every fixed path that is needed twice is written here only. Templates read them as `plan.paths`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import journal_service

# Each has a folder for each application: its releases, its own data, and folders of its releases that outlive them.
ROOT = PurePosixPath("/srv/asgi")
DATA = PurePosixPath("/var/lib/asgi")
STORAGE = PurePosixPath("/var/lib/asgi-storage")
CACHE = PurePosixPath("/var/cache/asgi")
ARCHIVES = CACHE / "archives"  # by SHA-256
# Has a folder APP@RELEASE for each service that runs: RuntimeDirectory= of its unit.
SERVING = PurePosixPath("/run/asgi-deploy/serving")
DRAINING = SERVING.with_name("draining")  # the same for each release that was replaced
MEDIA = SERVING.with_name("media")  # has a socket for each application whose uploads nginx serves

CONFIGURATION = PurePosixPath("/etc/asgi-deploy")
FIREWALL_RULES = CONFIGURATION / "firewall.nft"
ACME_CA = CONFIGURATION / "acme-ca.pem"  # of an ACME directory whose own certificate is from no public CA
LOGROTATE = CONFIGURATION / "logrotate.conf"
TRIM_LOGS = CONFIGURATION / "trim-logs"
REPLACE_NGINX = CONFIGURATION / "replace-nginx"
METADATA_RULES = CONFIGURATION / "metadata"  # of nft, a file for each application
CERTIFICATES = CONFIGURATION / "certificates"  # what the host must have, a folder for each; the timer reads it too
ACME_ENVIRONMENT = CONFIGURATION / "acme-environment"  # of certbot: the proxy of the host, with its password
UPDATES_ENVIRONMENT = CONFIGURATION / "updates-environment"  # of what updates the host, the same
TLS = CONFIGURATION / "tls"  # the certificates that are served, a folder for each, whatever their source

STATE = PurePosixPath("/var/lib/asgi-deploy")
ACME_WEBROOT = STATE / "acme"
CERTBOT_STATE = STATE / "certbot"  # its accounts, keys and certificates
CERTBOT_LOGS = PurePosixPath("/var/log/asgi-certbot")
MANIFESTS = STATE / "manifests"  # what releases and environments consist of, a folder for each application
HARDENING = STATE / "hardening"
UNDO = HARDENING / "undo"  # copies of the files that are changed on trial
FIREWALL_LOADED = PurePosixPath("/run/asgi-firewall/loaded")  # what nft listed when the rules were loaded
METADATA_LOADED = PurePosixPath("/run/asgi-metadata")  # the same, a folder for each application

PROGRAMS = PurePosixPath("/opt/asgi")
CERTBOT = PROGRAMS / "certbot"  # a virtual environment
CERTBOT_PYTHON = CERTBOT / "bin" / "python"
CERTBOT_PROGRAM = PROGRAMS / "bin" / "certbot"  # starts it with the folders below, and without settings of others
PYTHONS = PROGRAMS / "python"  # interpreters from a mirror, a folder for each
LIBRARY = PROGRAMS / "lib"  # the code that renews certificates without Ansible
RESTART_LIBRARY = LIBRARY / "hardening"  # the same for restarts after upgrades: another role writes it

NGINX = PurePosixPath("/etc/nginx/asgi")
NGINX_DEFAULT = NGINX / "default.conf"  # nginx's answer to visitors of no application
NGINX_LOGS = PurePosixPath("/var/log/nginx/asgi")
NGINX_PID = PurePosixPath("/run/nginx.pid")
NGINX_WELCOME = PurePosixPath("/etc/nginx/sites-enabled/default")  # the page of Debian's package

NEEDRESTART = PurePosixPath("/etc/needrestart/conf.d")
RESTART_TIMER = "asgi-restart.timer"
RESTART_HOOK = PurePosixPath("/etc/apt/apt.conf.d/61asgi-restart")  # of apt, where restarts follow an upgrade at once

UNITS = PurePosixPath("/etc/systemd/system")
NOWHERE = "/nonexistent"  # the home of a user that has none
JOURNALD = PurePosixPath("/etc/systemd/journald.conf")
JOURNALD_LOCAL = PurePosixPath("/usr/local/lib/systemd")  # read as /etc/systemd is, also by journald: journald.conf(5)
# Of the folders below, the default journal's is named as the machine; a namespace's has its name behind a dot.
JOURNALS = (PurePosixPath("/var/log/journal"), PurePosixPath("/run/log/journal"))
LETSENCRYPT = PurePosixPath("/etc/letsencrypt")  # of other certbots on the host; the collection leaves it to them
SSHD_SETTINGS = PurePosixPath("/etc/ssh/sshd_config.d/10-asgi-hardening.conf")
SYSCTL_SETTINGS = PurePosixPath("/etc/sysctl.d/60-asgi-hardening.conf")

PATHS = {
    "acme_ca": str(ACME_CA),
    "acme_webroot": str(ACME_WEBROOT),
    "archives": str(ARCHIVES),
    "cache": str(CACHE),
    "acme_environment": str(ACME_ENVIRONMENT),
    "certbot_logs": str(CERTBOT_LOGS),
    "certbot_program": str(CERTBOT_PROGRAM),
    "certbot_python": str(CERTBOT_PYTHON),
    "certbot_state": str(CERTBOT_STATE),
    "data": str(DATA),
    "firewall_loaded": str(FIREWALL_LOADED),
    "firewall_rules": str(FIREWALL_RULES),
    "library": str(LIBRARY),
    "logrotate": str(LOGROTATE),
    "metadata_loaded": str(METADATA_LOADED),
    "metadata_rules": str(METADATA_RULES),
    "nginx": str(NGINX),
    "nginx_logs": str(NGINX_LOGS),
    "nginx_pid": str(NGINX_PID),
    "replace_nginx": str(REPLACE_NGINX),
    "restart_library": str(RESTART_LIBRARY),
    "root": str(ROOT),
    "state": str(STATE),
    "storage": str(STORAGE),
    "sysctl_settings": str(SYSCTL_SETTINGS),
    "trim_logs": str(TRIM_LOGS),
    "undo": str(UNDO),
    "updates_environment": str(UPDATES_ENVIRONMENT),
    "units": str(UNITS),
}
"""The paths that templates and tasks of the roles need; every plan has them as `paths`."""

PYTHON = "/usr/bin/python3"  # the system's own

# sun_path of sockaddr_un holds 108 bytes, the last of them NUL: unix(7).
SOCKET_PATH_MAX = 107
NAME_MAX = 24


@dataclass(frozen=True)
class Layout:
    """Paths and unit names of one application, below `root`, and its manifests, below `manifests_root`."""

    app: str
    root: PurePosixPath = ROOT
    manifests_root: PurePosixPath = MANIFESTS

    # A release's units: one serves, one listens, one runs the release command, one stops it once no one is connected.
    # The others depend on the application: further commands, processes, jobs, timers of jobs, and a target for all.
    KINDS: ClassVar[tuple[str, ...]] = ("service", "socket", "command", "drain")

    @property
    def home(self) -> PurePosixPath:
        return self.root / self.app

    @property
    def releases(self) -> PurePosixPath:
        return self.home / "releases"

    @property
    def venvs(self) -> PurePosixPath:
        return self.home / "venvs"

    @property
    def current(self) -> PurePosixPath:
        """Return the link to the live release, which is also the one that starts at boot."""
        return self.home / "current"

    @property
    def previous(self) -> PurePosixPath:
        """Return the link to the previous release: its pages still request their own static files."""
        return self.home / "previous"

    @property
    def pythons(self) -> PurePosixPath:
        """Return the folder of its links to interpreters from a mirror that its releases need."""
        return self.home / "pythons"

    @property
    def kept(self) -> PurePosixPath:
        """Return the folder of links to the other releases that served and stay, the newest as 1."""
        return self.home / "kept"

    @property
    def lock(self) -> PurePosixPath:
        return self.home / ".lock"

    @property
    def audit(self) -> PurePosixPath:
        return self.home / "deploys.jsonl"

    @property
    def manifests(self) -> PurePosixPath:
        """Return the folder of its manifests; it outlives what is below :attr:`home`."""
        return self.manifests_root / self.app

    @property
    def names_key(self) -> PurePosixPath:
        """Return the key for the digest of secrets in names of releases; it is as old as the application there."""
        return self.home / ".key"

    @property
    def known_hosts(self) -> PurePosixPath:
        """Return the file with the keys of git servers that are trusted since they were first seen."""
        return self.home / ".known_hosts"

    @property
    def mirror(self) -> PurePosixPath:
        return CACHE / "git" / f"{self.app}.git"

    @property
    def packages(self) -> PurePosixPath:
        """Return the cache of its builds; each application has one, since the build of a package may write there."""
        return CACHE / "packages" / self.app

    @property
    def build_unit(self) -> str:
        """Return the unit that builds its environments, one program at a time."""
        return f"asgi-{self.app}.build.service"

    @property
    def user(self) -> str:
        return f"asgi-{self.app}"

    @property
    def build_user(self) -> str:
        """Return the user that builds its environments; names of users have at most 32 characters."""
        return f"asgib-{self.app}"

    @property
    def build_comment(self) -> str:
        return f"Builds environments of {self.app}"

    @property
    def journal(self) -> str:
        """Return the namespace of the journal that it logs to: LogNamespace= in systemd.exec(5)."""
        return f"asgi-{self.app}"

    @property
    def journal_service(self) -> str:
        """Return the journald of that namespace; it starts with the first record, and ends when nothing logs."""
        return journal_service(self.journal)

    @property
    def journal_units(self) -> tuple[str, ...]:
        """Return all units that systemd runs for that namespace; the third one is new in systemd 257."""
        sockets = (f"systemd-journald{part}@{self.journal}.socket" for part in ("", "-varlink"))
        return self.journal_service, *sockets, f"systemd-journald-sync@{self.journal}.service"

    @property
    def upstream(self) -> PurePosixPath:
        """Return the socket that nginx connects to: its path contains `current`, so that a rename switches releases."""
        return self.current / "app.sock"

    @property
    def tls(self) -> PurePosixPath:
        """Return the folder of the certificate that is served."""
        return TLS / self.app

    @property
    def certificate(self) -> PurePosixPath:
        """Return the folder that says which certificate it must have."""
        return CERTIFICATES / self.app

    @property
    def public_units(self) -> tuple[str, str]:
        """Return the public listener of an application without nginx, and what keeps systemd from watching it."""
        return f"asgi-{self.app}.public.socket", f"asgi-{self.app}.public.service"

    @property
    def media_units(self) -> tuple[str, str]:
        """Return what sends the uploads that nginx serves, and its listener."""
        return f"asgi-{self.app}.media.service", f"asgi-{self.app}.media.socket"

    @property
    def boot_unit(self) -> str:
        return f"asgi-boot@{self.app}.service"

    @property
    def metadata_rules(self) -> PurePosixPath:
        """Return the rules of nft that close the cloud's metadata service to its users."""
        return METADATA_RULES / f"{self.app}.nft"

    @property
    def metadata_loaded(self) -> PurePosixPath:
        """Return what nft listed of these rules when they were loaded."""
        return METADATA_LOADED / self.app / "loaded"

    @property
    def metadata_table(self) -> str:
        return f"asgi_metadata_{self.app}"

    @property
    def metadata_unit(self) -> str:
        """Return the unit that loads these rules, at boot before the application starts."""
        return f"asgi-metadata@{self.app}.service"

    def release(self, release: str) -> PurePosixPath:
        return self.releases / release

    def socket_path(self, release: str) -> PurePosixPath:
        return self.release(release) / "app.sock"

    @property
    def data(self) -> PurePosixPath:
        """Return the folder of the data that the application itself stores."""
        return DATA / self.app

    @property
    def storage(self) -> PurePosixPath:
        """Return the folder of directories that outlive a release.

        It is not below :attr:`data`, where the application could put a link in a place before root makes a directory.
        """
        return STORAGE / self.app

    @property
    def cache(self) -> PurePosixPath:
        """Return the folder of such directories that may be lost; nothing else in the cache has such a name."""
        return CACHE.with_name(f"{CACHE.name}-{self.app}")

    @property
    def maintenance(self) -> PurePosixPath:
        """Return the file with which nginx answers 503 instead of the application."""
        return self.home / "maintenance"

    @property
    def stopped(self) -> PurePosixPath:
        """Return the file with which nothing of the application starts, also after a reboot; it says who stopped it."""
        return self.home / "stopped"

    def pause(self, release: str) -> PurePosixPath:
        """Return the file with which a release's service waits with its start; a reboot removes it."""
        return PurePosixPath(f"/run/systemd/system/{self.unit('service', release)}.d/paused.conf")

    def held(self, release: str) -> PurePosixPath:
        """Return the file with which a release waits while another one is started in its place."""
        return PurePosixPath(f"/run/systemd/system/{self.unit('service', release)}.d/held.conf")

    def forward(self, release: str) -> PurePosixPath:
        """Return the unit that passes on what waits at the listener of a release that was replaced so."""
        return PurePosixPath(f"/run/systemd/system/asgi-{self.app}.forward@{release}.service")

    def replaced(self, release: str) -> PurePosixPath:
        """Return the folder with which a release answers that it is not ready: RuntimeDirectory= of its drain."""
        return DRAINING / f"{self.app}@{release}"

    @property
    def access_log(self) -> PurePosixPath:
        """Return the log of nginx for this application's requests."""
        return NGINX_LOGS / f"{self.app}.access.log"

    def unit(self, kind: str, release: str) -> str:
        """Return a unit of a release; no name of an application has a dot, so that units never collide.

        Its kind is one of :attr:`KINDS`, ``command-NUMBER``, ``process-NAME-NUMBER``, ``job-NAME``, ``timer-NAME`` or
        ``live``.
        """
        part, suffix = ("", kind) if kind in ("socket", "service") else (f".{kind}", "service")
        if kind == "live":
            suffix = "target"
        elif kind.startswith("timer-"):  # it starts the service of the same name
            part, suffix = f".job-{kind[len('timer-') :]}", "timer"
        return f"asgi-{self.app}{part}@{release}.{suffix}"

    def kind(self, unit: str) -> str:
        """Return the kind of a unit of this application, as for :meth:`unit`."""
        name, suffix = unit.split("@", 1)[0].removeprefix(f"asgi-{self.app}").lstrip("."), unit.rsplit(".", 1)[1]
        if suffix == "timer":
            return f"timer-{name[len('job-') :]}"
        return name or suffix
