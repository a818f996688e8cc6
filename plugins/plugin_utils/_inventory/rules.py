"""Which rule is for which option of an application and of the roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.plugin_utils._app import additions as trees
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import sandbox, sites
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate import plan as certificates
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import validators as checks
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening import plan as hardening
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx import plan as webserver

# How the options that every application needs are written.
SAMPLES = {
    "name": "shop",
    "module": "shop.main:app",
    "domains": "[shop.example.com]",
}

# Of the site as a whole, and of each of its paths.
PATH: dict[str, checks.Rule] = {
    "body_size": checks.size,
    "timeout": checks.between(1, 86_400, "seconds"),
    "connections": checks.between(0, 65_535, "connections"),
    "rate": sites.rate,
    "allow": webserver.networks,
    "snippet": webserver.snippet,
}

APP: dict[str, checks.Rule] = {
    "name": checks.name,
    "git": checks.git,
    "subdirectory": checks.subdirectory,
    "deploy_key": checks.deploy_key,
    "verify.signers": checks.signers,
    "archive.url": checks.web_url,
    "archive.sha256": checks.sha256,
    "archive.path": checks.controller_path,
    "directory": checks.controller_path,
    "package": checks.package,
    "extras": checks.extras,
    "index.url": checks.web_url,
    "index.username": checks.word,
    "index.password": checks.word,
    "python": checks.python,
    "wheelhouse": checks.controller_path,
    "version": checks.version,
    "module": checks.module,
    "domains": checks.domains,
    "env": checks.env,
    "secrets": checks.secrets,
    "workers": checks.workers,
    "memory_per_worker": checks.between(8, 1_048_576, "MiB"),
    "limits.cpu": checks.between(0.05, 1024, "CPUs"),
    "limits.memory": checks.between(32, 16_777_216, "MiB"),
    "limits.tasks": checks.between(16, 4_194_304, "tasks"),
    "limits.files": checks.between(256, 1_048_576, "open files"),
    **sandbox.RULES,
    "database.connections": checks.between(1, 1_000_000, "connections"),
    "database.per_worker": checks.between(1, 10_000, "connections"),
    "files": trees.files,
    "storage": trees.directories,
    "cache": trees.directories,
    "static": trees.static,
    "server_requirements": checks.requirements,
    "timeout": checks.between(1, 3600, "seconds"),
    "graceful_timeout": checks.between(1, 3600, "seconds"),
    "settings.backlog": checks.between(1, 65_535, "connections"),
    "settings.max_requests": checks.between(1, 1_000_000_000, "requests"),
    "settings.max_requests_jitter": checks.between(0, 1_000_000_000, "requests"),
    "settings.worker_connections": checks.between(1, 65_535, "connections"),
    "settings.threads": checks.between(1, 1024, "threads"),
    "settings.limit_concurrency": checks.between(1, 1_000_000, "requests"),
    "settings.keepalive": checks.between(1, 3600, "seconds"),
    "settings.limit_request_line": checks.between(64, 8190, "bytes"),
    "settings.limit_request_fields": checks.between(1, 32_768, "headers"),
    "settings.limit_request_field_size": checks.between(64, 65_536, "bytes"),
    "settings.h11_max_incomplete_event_size": checks.between(1024, 1_048_576, "bytes"),
    "settings.worker_tmp_dir": checks.folder,
    "settings.proc_name": checks.title,
    "settings.root_path": checks.url_path,
    "settings.hooks": checks.hooks,
    "tls.port": checks.between(1, 65_535, "(a TCP port)"),
    "tls.certificate": checks.controller_path,
    "tls.key": checks.controller_path,
    "tls.ciphers": checks.ciphers,
    "tls.client_ca": checks.controller_path,
    "log.levels": checks.levels,
    "health.liveness": checks.url_path,
    "health.readiness": checks.url_path,
    "health.metrics": checks.url_path,
    "gate.path": checks.path,
    "gate.status": checks.statuses,
    "gate.timeout": checks.between(1, 3600, "seconds"),
    "gate.uptime": checks.between(0, 3600, "seconds"),
    "gate.successes": checks.between(1, 1000, "answers"),
    "release_command": checks.command,
    "needs": checks.units,
    "release_timeout": checks.between(1, 86_400, "seconds"),
    "watch.seconds": checks.between(0, 3600, "seconds"),
    "watch.error_percent": checks.between(0, 100, "percent"),
    "watch.errors": checks.between(1, 1_000_000, "errors"),
    "drain_timeout": checks.between(0, 86_400, "seconds"),
    "lock_timeout": checks.between(0, 86_400, "seconds"),
    "keep_releases": checks.between(1, 100, "releases"),
    "site.path": sites.path,
    "site.redirect_from": checks.names,
    "site.redirects": sites.redirects,
    "site.hsts.max_age": checks.between(0, 315_360_000, "seconds"),
    "site.headers": sites.headers,
    "site.users": sites.users,
    "site.maintenance_allow": webserver.networks,
    **{f"site.{key}": rule for key, rule in PATH.items()},
}


NGINX: dict[str, checks.Rule] = {
    "nginx_worker_connections": checks.between(64, 1_048_576, "connections"),
    "nginx_client_max_body_size": checks.size,
    "nginx_metrics_port": checks.between(1, 65_535, "(a TCP port)"),
    "nginx_trusted_proxies": webserver.networks,
    "nginx_health_path": webserver.place,
    "nginx_snippet": webserver.snippet,
}

CERTIFICATE: dict[str, checks.Rule] = {
    "certificate_name": checks.name,
    "certificate_domains": checks.domains,
    "certificate_email": checks.email,
    "certificate_directory": certificates.directory,
    "certificate_ca_file": checks.controller_path,
    "certificate_account.key_id": certificates.key_id,
    "certificate_account.hmac_key": certificates.hmac_key,
    "certificate_profile": certificates.profile,
    "certificate_dns_plugin": certificates.dns_plugin,
    "certificate_dns_plugin.propagation": certificates.propagation,
    "certificate_dns_hooks.auth": checks.controller_path,
    "certificate_dns_hooks.cleanup": checks.controller_path,
    "certificate_given.certificate": checks.controller_path,
    "certificate_given.key": checks.controller_path,
    "certificate_wheelhouse": checks.sha256,
}

HARDENING: dict[str, checks.Rule] = {
    "hardening_open": hardening.openings,
    "hardening_close": hardening.ports,
    "hardening_firewall_rules": hardening.rules,
    "hardening_ssh_allow": webserver.networks,
    "hardening_confirm_timeout": checks.between(10, 3600, "seconds"),
    "hardening_sysctl_values": hardening.parameters,
    "hardening_reboot_at": hardening.clock,
    "hardening_journal_size": hardening.journal_size,
    "hardening_journal_days": checks.between(1, 36_500, "days"),
    "hardening_services_off": hardening.services,
    "hardening_ban_minutes": checks.between(1, 525_600, "minutes"),
    "hardening_ban_never": webserver.networks,
}

ROLES = {"app": APP, "nginx": NGINX, "certificate": CERTIFICATE, "hardening": HARDENING}


def rule_errors(role: str, options: Mapping[str, Any], where: str = "") -> list[str]:
    """What the rules of a role say of its resolved options; options without a value were reported before."""
    errors = []
    for key, rule in ROLES[role].items():
        value: Any = options
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None and (wrong := rule(value)):
            errors.append(f"{where}{key}: {wrong}")
    return errors
