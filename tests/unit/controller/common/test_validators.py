"""Rules for values: what passes, what does not, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import source_validators, validators
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import app_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.rules import RULES
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.source_validators import (
    git,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.validators import (
    module,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import validators as checks
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import between, domain, rule_errors

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nBG5vbmU=\n-----END OPENSSH PRIVATE KEY-----"

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

HASH = "$5$salt$" + "a" * 43

GOOD: dict[str, list[Any]] = {
    "name": ["a", "shop", "shop-2", "a-b-c", "a" * 24],
    "git": [
        "https://git.example.com/shop.git",
        "http://10.0.0.1:3000/shop",
        "ssh://git@git.example.com:2222/team/shop.git",
        "git://git.example.com/shop",
        "file:///srv/git/shop.git",
        "git@git.example.com:team/shop.git",
        "/srv/git/shop.git",
    ],
    "subdirectory": ["backend", "apps/shop", "a.b/c-d_e"],
    "deploy_key": [KEY, f"{KEY}\n", KEY.replace("OPENSSH ", "")],
    "archive.url": ["https://example.com/shop-1.tar.gz", "http://10.0.0.1:8080/a/b.zip?x=1"],
    "known_hosts": [
        [f"git.example.com {PUBLIC_KEY}"],
        ["# git.example.com:22 SSH-2.0-x", "", f"[git.example.com]:2222,10.0.0.1 {PUBLIC_KEY} ops"],
        [f"@cert-authority *.example.com {PUBLIC_KEY}", f"@revoked git.example.com {PUBLIC_KEY}"],
        [f"|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= {PUBLIC_KEY}"],
    ],
    "verify.signers": [[PUBLIC_KEY], [PUBLIC_KEY, f"{PUBLIC_KEY} ops@example.com"]],
    "archive.sha256": ["0123456789abcdef" * 4],
    "archive.path": ["dist/shop.tar.gz", "/srv/shop 1.zip", "~/shop.tar"],
    "directory": ["../shop", ".", "~/shop", "/srv/my shop"],
    "directory_includes": [[], ["frontend/dist/", "static/*.js", "**/dist"]],
    "package": [["shop==1.4.2"], ["shop[postgres,redis]==1.4.2", "a.b-c_d==1!2.0+local"]],
    "extras": [[], ["postgres"], ["a.b-c_d", "x"]],
    "build.commands": [[], ["npm ci", "npm run build"], ["python manage.py collectstatic --noinput"]],
    "build.env": [{}, {"NODE_ENV": "production", "A": 1}],
    "build.secrets": [{}, {"NPM_TOKEN": "x" * 8}],
    "apt.build": [[], ["gcc", "g++", "libpq-dev", "libssl1.1"]],
    "apt.run": [[], ["libpq5"]],
    "requirements": ["uv.lock", "pylock.api.toml", "pyproject.toml", "requirements/production.txt", "deps/a.in"],
    "dependency_groups": [[], ["prod"], ["a.b-c_d", "x"]],
    "dependency_keys": [{}, {"ssh://git@git.example.com:2222/team/lib.git": KEY, "git@git.example.com:tools.git": KEY}],
    "index.url": ["https://pypi.example.com/simple", "http://198.51.100.1:3141/root/pypi/+simple/"],
    "index.username": ["deploy", "__token__", "ops@example.com"],
    "index.password": ["s3cret", 'a"b\\c:d@e/f#g', "ü"],
    "index.hosts": [[], ["files.example.com", "localhost", "192.0.2.1", "2001:db8::1"]],
    "python_mirror.url": ["https://mirror.example.com/python", "http://192.0.2.5:8080/"],
    "python_mirror.archives": [
        {},
        {"cpython-3.14.2-x86_64-unknown-linux-gnu-install_only.tar.gz": "0" * 64},
        {"20261110/cpython-3.14.2+20261110-aarch64-unknown-linux-gnu-install_only_stripped.tar.gz": "a" * 64},
    ],
    "python": ["system", "3.9", "3.13", "/usr/bin/python3.13", "/opt/python-3.13/bin/python3"],
    "wheelhouse": ["build/wheels", "~/wheels"],
    "version": ["HEAD", "v1.4.2", "main", "feature/cart", "release-1.0+build.5", "0a1b2c3", "a" * 40, "_x", "9"],
    "module": ["main:app", "shop.main:app", "shop.main:site.app", "_a._b:_c", "a1:b2"],
    "domains": [["a.example"], ["a.example", "b.example"]],
    "env": [{}, {"A": "1"}, {"_A9": 8080, "b": True, "C": ""}, {"PEM": "one\ntwo\n", "T": "\t"}],
    "secrets": [{}, {"A": "x" * 8}],
    "workers": ["auto", "1", "1024", "08"],
    "memory_per_worker": [8, 256, 1_048_576],
    "limits.cpu": [0.05, 1.5, 1024],
    "limits.memory": [32, 16_777_216],
    "limits.tasks": [16, 4_194_304],
    "limits.files": [256, 1_048_576],
    "sandbox.outgoing": [[], ["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"]],
    "sandbox.write": [["/mnt/exports", "/srv/files", "/var/lib/shared", "/data"]],
    "sandbox.devices": [["/dev/dri/renderD128", "/dev/ttyUSB0"]],
    "sandbox.groups": [["render", "dialout"]],
    "sandbox.sockets": [["netlink", "can", "bluetooth", "vsock", "alg"]],
    "sandbox.syscalls": [["@aio", "@debug", "ptrace", "io_uring_setup"]],
    "database.connections": [1, 1_000_000],
    "database.per_worker": [1, 10_000],
    "files": [
        {},
        {"a": {"content": ""}, ".env": {"src": "x"}, "a.b/c-d/e_f+g@h": {"template": "/x y/z"}},
        {"media": {"content": "x"}, "media2/a": {"content": "x"}},
    ],
    "storage": [[], ["media"], ["var/a", "var/b", ".cache", "var/ab"], ["db.sqlite3", "conf.d/", "a/b.json"]],
    "cache": [[], [".cache/thumbs"]],
    "static": [
        {},
        {"/static/": "public", "/a/b.c/": "x/y"},
        {"/assets/": {"folder": "dist/assets"}, "/b/": {"folder": "dist", "immutable": True}},
        {"/static/": "a", "/static2/": "a"},
    ],
    "server_requirements": [[], ["gunicorn"], ["gunicorn==27.0.1", "uvicorn[standard]==0.54.0", "a_b.c-d"]],
    "timeout": [1, 3600],
    "graceful_timeout": [1, 3600],
    "settings.backlog": [1, 65_535],
    "settings.max_requests": [1, 1_000_000_000],
    "settings.max_requests_jitter": [0, 1_000_000_000],
    "settings.worker_connections": [1, 65_535],
    "settings.threads": [1, 1024],
    "settings.limit_concurrency": [1, 1_000_000],
    "tls.port": [1, 443, 65535],
    "tls.certificate": ["tls/cert.pem", "~/cert.pem"],
    "tls.key": ["tls/key.pem", "~/key.pem"],
    "tls.ciphers": ["ECDHE+AESGCM:ECDHE+CHACHA20", "ECDHE-RSA-AES128-GCM-SHA256"],
    "tls.client_ca": ["tls/ca.pem", "~/ca.pem"],
    "settings.keepalive": [1, 10, 3600],
    "settings.limit_request_line": [64, 8190],
    "settings.limit_request_fields": [1, 32_768],
    "settings.limit_request_field_size": [64, 65_536],
    "settings.h11_max_incomplete_event_size": [1024, 1_048_576],
    "settings.worker_tmp_dir": ["/dev/shm", "/var/tmp", "/a/b.c/d_e-f"],
    "settings.proc_name": ["shop", "Shop 2", "shop_api.v2-a", "s" * 64],
    "settings.root_path": ["/shop", "/a/b.c/_d~e-f"],
    "settings.hooks": [{}, {"post_fork": None}, {"post_fork": "shop.hooks:post_fork", "on_exit": "hooks:Hooks.exit"}],
    "log.levels": [{}, {"sqlalchemy.engine": "warning", "shop": "debug"}],
    "log.size": [8, 1_048_576],
    "log.burst": [100, 100_000_000],
    "health.liveness": ["/alive", "/-/live"],
    "health.readiness": ["/ready", "/health/ready"],
    "health.metrics": ["/metrics", "/_/metrics.txt"],
    "health.allow": [[], ["10.0.0.1", "fd00::/8"]],
    "gate.path": ["/", "/ready", "/a/b.json?x=1&y=%20", "/~me/+-_"],
    "gate.status": [["200"], ["2xx", "3xx", "503"], ["1xx"], ["599"]],
    "gate.timeout": [1, 3600],
    "gate.uptime": [0, 3600],
    "gate.successes": [1, 1000],
    "release_command": [
        [],
        ["alembic upgrade head"],
        ["alembic upgrade head", "python -m shop.seed"],
        ["/usr/bin/true"],
        ["python -m shop.migrate --to '1 2' --note=\"it's\""],
        ["sh -c 'a; b && c > /dev/null'"],
        ["manage-shop +x -y @z !"],
        ["echo it\\'s"],
        ["echo a\\;b 'c;d' \"e>f\""],
        ["migrate ü %i $HOME \\\\"],
    ],
    "needs": [
        [],
        ["postgresql.service", "redis-server.service"],
        ["postgresql@17-main.service", "multi-user.target", "docker.socket", "srv-my\\x2dfiles.mount", "-.mount"],
    ],
    "release_timeout": [1, 86_400],
    "watch.seconds": [0, 3600],
    "watch.error_percent": [0, 100],
    "watch.errors": [1, 1_000_000],
    "drain_timeout": [0, 86_400],
    "lock_timeout": [0, 86_400],
    "keep_releases": [1, 100],
    "site.path": ["/", "/blog", "/a/b-c_d~e.f", "/-a", "/v1.2"],
    "site.redirect_from": [[], ["www.a.example"]],
    "site.redirects": [{}, {"/old": "/new", "/a/b/": "https://b.example/x?y=1", "/x": "https://b.example:8443"}],
    "site.hsts.max_age": [0, 63_072_000],
    "site.pass_headers": [[], ["CF-Connecting-IP", "x-original-url"]],
    "site.headers": [{}, {"X-A": ""}, {"Content-Security-Policy": "default-src 'self'; report-to \"a\"", "b": "c"}],
    "site.users": [
        {},
        {"ops": HASH, "a.b@example.com": HASH.replace("$5$", "$2y$")},
        {"ops": "8 chars:", "b": "$ecret€-" * 16},
    ],
    "site.maintenance_allow": [[], ["10.0.0.0/8"]],
    "site.media": [{}, {"/media/": "uploads", "/files/pictures/": "var/pictures"}],
    "site.body_size": ["0", "64k"],
    "site.timeout": [1, 86_400],
    "site.connections": [0, 500],
    "site.rate": ["none", "100/s", "5/m"],
    "site.allow": [[], ["::1", "192.0.2.0/24"]],
    "site.snippet": ["a on;", "location = /a {\n  return 204;\n}"],
}

OUTSIDE = [
    "",
    "/",
    "/etc/x",
    "..",
    "../x",
    "a/../b",
    ".",
    "./a",
    "a//b",
    "a/",
    "a b",
    "a\n",
    "ü",
    "a;b",
    "%i",
    "a" * 201,
]

BAD: dict[str, list[Any]] = {
    "limits.cpu": [0, 0.01, -1, 1025, float("nan")],
    "limits.memory": [0, 31],
    "limits.tasks": [0, 15],
    "limits.files": [0, 255, 1_048_577],
    "sandbox.outgoing": [["db.example.com"], ["10.0.0.1/8"], ["localhost"], ["10.0.0.0/8 any"], [""]],
    "sandbox.write": [
        *([path] for path in ("", "/", "exports", "/mnt/../etc", "/mnt/a b", "/mnt/a\nUser=root", "/mnt/%i", "/mnt/")),
        *(
            [path]
            for path in ("/etc/shop", "/usr", "/run", "/dev/shm/x", "/proc/1", "/home/ops/x", "/root", "/opt/asgi")
        ),
        *([path] for path in ("/srv", "/srv/asgi/other", "/var", "/var/lib", "/var/lib/asgi", "/var/cache/asgi")),
    ],
    "sandbox.devices": [
        ["/etc/passwd"],
        ["dri/card0"],
        ["/dev/../etc"],
        ["/dev/a b"],
        ["/dev/a\n"],
        [""],
        ["char-drm"],
    ],
    "sandbox.groups": [["Render"], ["a b"], [""], ["root"], ["docker"], ["www-data"]],
    "sandbox.sockets": [["AF_NETLINK"], ["unix"], [""], ["netlink AF_PACKET"]],
    "sandbox.syscalls": [["@everything"], ["~ptrace"], ["ptrace:kill"], ["ptrace kill"], [""], ["@"]],
    "database.connections": [0],
    "database.per_worker": [0, 10_001],
    "files": [
        *({path: {"content": ""}} for path in OUTSIDE),
        {"a": "text"},
        {"a": None},
        {"a": {}},
        {"a": {"content": "x", "src": "y"}},
        {"a": {"contents": "x"}},
        {"a": {"content": 1}},
        {"a": {"content": None}},
        {"a": {"src": ""}},
        {"a": {"src": ["x"]}},
        {"a": {"content": ""}, "a/b": {"content": ""}},
        {"requirements.txt": {"content": ""}},
        {"uv.lock": {"src": "x"}},
    ],
    "storage": [
        *([path] for path in OUTSIDE if path != "a/"),
        ["a", "a"],
        ["a", "a/"],
        ["a", "a/b"],
        ["a/", "a/b"],
        ["/"],
        ["a//"],
    ],
    "cache": [["/x"], ["a", "a"]],
    "static": [
        *({"/s/": path} for path in OUTSIDE),
        *({prefix: "public"} for prefix in ("", "/", "s", "/s", "s/", "//", "/../", "/.x/", "/a b/", "/a;/", "/$x/")),
        {"/s/": None},
        {"/s/": ["public"]},
        {"/s/": {}},
        {"/s/": {"immutable": True}},
        {"/s/": {"folder": "x", "imutable": True}},
        {"/s/": {"folder": "x", "immutable": "yes"}},
        {"/s/": {"folder": "/x"}},
        {"/s/": "a", "/s/t/": "b"},
    ],
    "name": [
        "",
        "Shop",
        "1shop",
        "-shop",
        "shop-",
        "a--b",
        "a_b",
        "a.b",
        "a b",
        "shop\n",
        "ü",
        "a/b",
        "a" * 25,
        "boot",
    ],
    "git": [
        "",
        "shop",
        "shop.git",
        "./shop",
        "git.example.com/shop.git",
        "ftp://git.example.com/shop.git",
        "ext::sh -c id",
        "https://",
        "https://git.example.com",
        "https://git.example.com/",
        "https:///shop.git",
        "https://user:secret@git.example.com/shop.git",
        "https://git.example.com/a b.git",
        "https://git.example.com/shop.git\n",
        "--upload-pack=id",
        "-oProxyCommand=id@host:path",
        "git@host:pa\x00th",
        "https://[::1/shop.git",
    ],
    "subdirectory": ["", "/backend", "../backend", "a/../b", "a//b", "a/", ".", "a b", "a\n"],
    "deploy_key": [
        "",
        "keys/shop",
        "ssh-ed25519 AAAA",
        KEY.replace("PRIVATE", "PUBLIC"),
        KEY[:60],
        f"{KEY}\n{KEY}$(id)",
    ],
    "archive.url": [
        "",
        "dist/shop.tar.gz",
        "ftp://example.com/a.zip",
        "https://u:p@example.com/a.zip",
        "https://[::1/a",
    ],
    "known_hosts": [
        [],
        [""],
        ["# git.example.com:22 SSH-2.0-x"],
        [PUBLIC_KEY],
        ["git.example.com"],
        [f"git.example.com {PUBLIC_KEY[:40]}"],
        [f"git.example.com {PUBLIC_KEY}", f"@trusted git.example.com {PUBLIC_KEY}"],
        [f"git.example.com {PUBLIC_KEY}\nevil.example {PUBLIC_KEY}"],
    ],
    "verify.signers": [[], [""], [KEY], ["ops@example.com"], [PUBLIC_KEY[:40]], [PUBLIC_KEY[4:]], [f"{PUBLIC_KEY}\n*"]],
    "archive.sha256": ["", "0" * 63, "0" * 65, "A" * 64, "sha256:" + "0" * 57],
    "archive.path": ["", " ", "a\nb"],
    "directory": ["", " ", "a\x00b"],
    "directory_includes": [[""], ["/srv/dist"], ["../dist"], ["a/./b"], ["dist", "a//b"], ["dist//"], ["**/../x"]],
    "package": [
        [],
        ["shop"],
        ["shop>=1"],
        ["shop==1,<2"],
        ["https://example.com/shop.whl"],
        ["./shop"],
        ["shop == 1"],
        ["-r x==1"],
        ["shop==1.*"],
        ["shop==1", "mail"],
        ["shop==1 mail==2"],
        ["shop==1", "mail==2", "Shop[redis]==2"],
    ],
    "extras": [[""], ["a b"], ["a]"], ["-a"], ["a", "b,c"]],
    "build.commands": [[""], ["npm ci && npm run build"], ["npm ci", "npm 'run"], ["./build.sh > /tmp/x"]],
    "build.env": [{"A-B": "1"}, {"A": None}],
    "build.secrets": [{"A": "x" * 7}, {"PATH": "x" * 8}],
    "apt.build": [[""], ["-y"], ["gcc-"], ["gcc=1"], ["a b"], ["./x.deb"], ["GCC"], ["libpq-dev:i386"]],
    "apt.run": [["x"], ["libpq5/stable"]],
    "requirements": ["", "prod", "/etc/requirements.txt", "../a.txt", "a b.txt", "setup.py", "poetry.toml", "-r.txt/"],
    "dependency_keys": [
        {"https://git.example.com/lib.git": KEY},
        {"ssh://git@git.example.com/lib.git": "ssh-ed25519 AAAA"},
        {"ssh://git@git.example.com/lib.git": None},
        {"ssh://git@git.example.com/lib.git": KEY, "git@git.example.com:lib": KEY},
        {"lib": KEY},
    ],
    "dependency_groups": [[""], ["a b"], ["-a"], ["a", "b,c"]],
    "index.url": [
        "",
        "pypi.example.com",
        "https://user:secret@pypi.example.com/simple",
        "https://user@a.example/",
        "file:///x",
    ],
    "index.username": ["", "a b", "a\n"],
    "index.password": ["", "a b", "a\nb", "a\x7f"],
    "index.hosts": [
        *([""], ["https://files.example.com"], ["*.example.com"], ["files.example.com:443"], ["10.0.0.0/8"], ["7"]),
        *(["Files.example.com"], ["files.example.com."], ["a b"], ["2001:db8:0::1"], ["a", "a"], ["-a"], ["a_b"]),
    ],
    "python_mirror.url": [
        "",
        "mirror.example.com",
        "https://u:p@m.example.com/",
        "https://m.example.com/?a",
        "file:///x",
    ],
    "python_mirror.archives": [
        {"cpython-3.14.2-x86_64-unknown-linux-gnu-install_only.tar.gz": "0" * 63},
        {"cpython-3.14.2-x86_64-unknown-linux-gnu-install_only.tar.gz": None},
        {"../cpython-3.14.2-x86_64-unknown-linux-gnu-install_only.tar.gz": "0" * 64},
        {"/cpython-3.14.2-x86_64-unknown-linux-gnu-install_only.tar.gz": "0" * 64},
        {"cpython-3.14.2-s390x-unknown-linux-gnu-install_only.tar.gz": "0" * 64},
        {"cpython-3.14-x86_64-unknown-linux-gnu-install_only.tar.gz": "0" * 64},
        {"cpython-3.14.2-x86_64-unknown-linux-musl-install_only.tar.gz": "0" * 64},
        {"python.zip": "0" * 64},
    ],
    "python": ["", "3", "2.7", "3.13.1", "python3.13", "bin/python", "/usr/bin/python; id", "latest", "/"],
    "wheelhouse": ["", "a\n"],
    "version": [
        "",
        "v1..v2",
        "..",
        "-d",
        ".hidden",
        "v1/",
        "v1.",
        "v1.lock",
        "a//b",
        "v 1",
        "v1\n",
        "a~1",
        "a^",
        "a:b",
    ],
    "module": ["", "app", "shop.main", "shop.main:", ":app", "shop/main.py:app", "shop.main:app()", "shop main:app"],
    "domains": [[], ["a.example", "a.example"], ["localhost"], ["a.example", "b"]],
    "env": [
        {"1A": "x"},
        {"A-B": "x"},
        {"": "x"},
        {"A=B": "x"},
        {"A\n": "x"},
        {"A": None},
        {"A": ["x"]},
        {"A": {"b": 1}},
        {"A": "x\x00"},
        {"A": "x\x1b[0m"},
        {"A": "x\r\n"},
        {"ASGI_APP": "x"},
        {"ASGI_RELEASE": "x"},
        {"ASGI_RUNTIME": "x"},
        {"GUNICORN_CMD_ARGS": "--bind=:80"},
        {"PYTHONPATH": ""},
        {"PYTHONPATH": "lib:"},
        {"PYTHONPATH": "%i/lib"},
        {"PYTHONPATH": "my lib"},
    ],
    "secrets": [{"A": "x" * 7}, {"A-B": "x" * 8}, {"PATH": "x" * 8}, {"A": 12345678}],
    "workers": ["", "0", "-1", "1025", "2.5", "many", "Auto", "99999999", "²"],
    "memory_per_worker": [0, 7, 1_048_577, -1],
    "server_requirements": [["gunicorn>=27"], ["-r x"], ["https://a/b.whl"], [""], ["a; b"], ["gunicorn==27", "./x"]],
    "timeout": [0, 3601],
    "graceful_timeout": [0, 3601],
    "settings.backlog": [0, 65_536],
    "settings.max_requests": [0, 1_000_000_001],
    "settings.max_requests_jitter": [-1, 1_000_000_001],
    "settings.worker_connections": [0, 65_536],
    "settings.threads": [0, 1025],
    "settings.limit_concurrency": [0, 1_000_001],
    "tls.port": [0, 65536],
    "tls.certificate": ["", "a\nb"],
    "tls.key": [" "],
    # Names of TLS 1.3: OpenSSL takes them for no cipher at all.
    "tls.ciphers": ["TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", "strong", ""],
    "tls.client_ca": ["\x00"],
    "settings.keepalive": [0, 3601],
    "settings.limit_request_line": [0, 63, 8191],
    "settings.limit_request_fields": [0, 32_769],
    "settings.limit_request_field_size": [0, 63, 65_537],
    "settings.h11_max_incomplete_event_size": [1023, 1_048_577],
    "settings.worker_tmp_dir": ["", "/", "dev/shm", "/dev/shm/", "/a b", "/a\n"],
    "settings.proc_name": ["", " shop", "shop\n", "shop;id", "s" * 65, "%i"],
    "settings.root_path": ["", "/", "shop", "/a?b=1", "/a b", "/a\n", "https://a.example/shop"],
    "settings.hooks": [
        {"post_fork": "shop.hooks"},
        {"post_fork": "lambda: 0"},
        {"post_fork": ""},
        {"on_exit": "a:b()"},
    ],
    "log.size": [0, 7, 1_048_577],
    "log.burst": [0, 99, 100_000_001],
    "log.levels": [{"shop": "warn"}, {"shop": "WARNING"}, {"shop": 10}, {"shop": None}, {"a": "info", "b": "all"}],
    "health.liveness": ["", "/", "alive", "/alive?x=1", "/a b", "/alive\n"],
    "health.readiness": ["", "/", "ready", "/ready?x=1", "/a;b", "/{a}"],
    "health.metrics": ["", "/", "metrics", "/metrics?x=1", "/a;b", "/$uri"],
    "health.allow": [["balancer"], ["10.0.0.1/8"]],
    "gate.path": ["", "ready", "https://a.example/ready", "/a b", "/a\r\nHost: b", "/ü", "/#top"],
    "gate.status": [[], ["2XX"], ["0xx"], ["6xx"], ["20"], ["2000"], ["ok"], ["200", ""]],
    "gate.timeout": [0, 3601],
    "gate.uptime": [-1, 3601],
    "gate.successes": [0, 1001],
    "release_command": [
        ["alembic upgrade head", "python -m shop.seed && true"],
        [""],
        ["  "],
        ["alembic upgrade head && python -m shop.seed"],
        ["alembic upgrade head; true"],
        ["alembic upgrade head;true"],
        ["python -m shop.dump >/tmp/x"],
        ["python -m shop.dump | gzip"],
        ["python -m shop.fetch https://example.com/?a=1&b=2"],
        ["echo it\\'s && true"],
        ["alembic upgrade head\n"],
        ["alembic\nExecStartPre=id"],
        ["alembic\tupgrade"],
        ["alembic\r"],
        ["alembic \x00"],
        ["alembic 'upgrade"],
        ['alembic "upgrade'],
        ["alembic \\"],
        # What systemd would not take for a program.
        ["''"],
        ["'' upgrade"],
        ["./migrate.sh"],
        ["bin/migrate"],
        ["."],
        ["/usr/bin/"],
        # What systemd would take for a wish of ours: to run it as root, to ignore that it fails, and so on.
        ["+id"],
        ["-alembic upgrade head"],
        ["!id"],
        ["@id x"],
        [":id"],
        ["'+/usr/bin/id'"],
    ],
    "needs": [
        ["postgresql"],
        [""],
        [".service"],
        ["postgresql@.service"],
        ["@main.service"],
        ["certbot.timer"],
        ["a b.service"],
        ["a.service\nExecStart=id"],
        ["%i.service"],
        ["/lib/systemd/system/a.service"],
        ["postgresql.services"],
        ["a.service", "a.service"],
        ["a.service", "b"],
        ["a" * 256 + ".service"],
    ],
    "release_timeout": [0, 86_401],
    "watch.seconds": [-1, 3601],
    "watch.error_percent": [-1, 101],
    "watch.errors": [0, 1_000_001],
    "drain_timeout": [-1, 86_401],
    "lock_timeout": [-1, 86_401],
    "keep_releases": [0, 101],
    "site.path": [
        "",
        "blog",
        "/blog/",
        "//",
        "/a//b",
        "/a b",
        "/a;",
        "/.a",
        "/../a",
        "/a\n",
        "/-",
        "/-/x",
        "/" + "a" * 200,
    ],
    "site.redirect_from": [["a"], ["a.example", "a.example"], ["a.example; b"]],
    "site.redirects": [
        {"old": "/new"},
        {"/old": ""},
        {"/old": "new"},
        {"/old": "/new; return 200"},
        {"/old": "http://a.example"},
        {"/old": "/$host"},
        {"/old": 1},
        {"/a b": "/new"},
        {"/a{": "/new"},
    ],
    "site.hsts.max_age": [-1],
    "site.pass_headers": [["Host"], ["X-Forwarded-For"], [""], ["Proxy\n"]],
    "site.headers": [
        {"X A": "b"},
        {"Strict-Transport-Security": "max-age=1"},
        {"X-A": "b\nc"},
        {"X-A": "$host"},
        {"X-A": "a\\"},
        {"X-A": 1},
        {"X-A": "b", "x-a": "c"},
    ],
    "site.users": [
        {"ops": "7 chars"},
        {"ops": "x" * 129},
        {"ops": "a password\n"},
        {"ops": HASH[:12]},
        {"ops": HASH.replace("$5$", "$7$")},
        {"o:ps": HASH},
        {"ops": f"{HASH}\nx:y"},
        {"ops": None},
        {"ops": 12345678},
    ],
    "site.maintenance_allow": [["all"]],
    "site.media": [
        {"/media": "uploads"},
        {"media/": "uploads"},
        {"/": "uploads"},
        {"/media/": ["uploads"]},
        {"/media/": ""},
        {"/media/": "/var/uploads"},
        {"/media/": "../uploads"},
        {"/media/": "uploads", "/media/old/": "old"},
        {"/media/;": "uploads"},
        {"/media/\n": "uploads"},
    ],
    "site.body_size": ["many", "1;"],
    "site.timeout": [0, 86_401],
    "site.connections": [-1],
    "site.rate": ["0/s", "5", "5/h", "5/s;", "off"],
    "site.allow": [["10.0.0.1/8"], ["10.0.0.1; allow all"]],
    "site.snippet": ["}", "a on"],
}


def table(values: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(key, value, id=f"{key}={value!r:.40}") for key, items in values.items() for value in items]


@pytest.mark.parametrize(("key", "value"), table(GOOD))
def test_good(key: str, value: Any) -> None:
    assert RULES[key](value) is None


@pytest.mark.parametrize(("key", "value"), table(BAD))
def test_bad(key: str, value: Any) -> None:
    assert RULES[key](value)


def test_every_rule_has_values() -> None:
    assert set(GOOD) == set(BAD) == set(RULES)


def test_every_rule_is_of_an_option() -> None:
    for key in RULES:
        options = app_options()
        for part in key.split("."):
            assert part in options
            options = options[part].get("options", {})


def test_domain_lengths() -> None:
    label = "a" * 63
    assert domain(f"{label}.example") is None
    assert domain(f"a{label}.example") is not None
    longest = f"{label}.{label}.{label}.{'a' * 57}.com"
    assert len(longest) == 253
    assert domain(longest) is None
    assert domain(f"a{longest[:-4]}.com") is not None


EXPECTED_GIT = "expected a repository, as in git: https://git.example.com/shop.git"


@pytest.mark.parametrize(
    ("rule", "value", "text"),
    [
        pytest.param(
            checks.name,
            "My_Shop",
            "found 'My_Shop', expected at most 24 lower-case letters, digits and single hyphens, "
            "beginning with a letter, as in name: shop",
            id="name",
        ),
        pytest.param(
            checks.name,
            "boot",
            "found 'boot', which is the name of a unit of ours; choose another",
            id="reserved name",
        ),
        pytest.param(
            module,
            "shop.main",
            "found 'shop.main', expected package.module:attribute, as in module: shop.main:app",
            id="module without colon",
        ),
        pytest.param(
            module,
            "api",
            "found 'api', expected package.module:attribute, as in module: api:app",
            id="module of one word",
        ),
        pytest.param(
            module,
            "shop/main.py",
            "found 'shop/main.py', expected package.module:attribute, as in module: shop.main:app",
            id="file instead of module",
        ),
        pytest.param(
            domain,
            "münchen.example.com",
            "found 'münchen.example.com', expected its ASCII form, 'xn--mnchen-3ya.example.com'",
            id="Unicode",
        ),
        pytest.param(
            domain,
            "Shop.Example.com",
            "found 'Shop.Example.com', expected a host name, in lower case: shop.example.com",
            id="upper case",
        ),
        pytest.param(
            domain,
            "https://shop.example.com/",
            "found 'https://shop.example.com/', expected a host name, without scheme and path",
            id="URL",
        ),
        pytest.param(
            domain,
            "2001:DB8:0::1",
            "found '2001:DB8:0::1', expected its short form, 2001:db8::1",
            id="address",
        ),
        pytest.param(
            domain,
            "10.0.0.256",
            "found '10.0.0.256', expected a host name or an address, as in 203.0.113.7",
            id="no address",
        ),
        pytest.param(
            domain, "10.0.0.1/8", "found '10.0.0.1/8', expected a host name, as in shop.example.com", id="network"
        ),
        pytest.param(
            domain,
            "*.example.com",
            "found '*.example.com', expected a host name, as in shop.example.com",
            id="wildcard",
        ),
        pytest.param(
            domain, "localhost", "found 'localhost', expected a host name, as in shop.example.com", id="label"
        ),
        pytest.param(
            domain, "a..example", "found 'a..example', expected a host name, as in shop.example.com", id="dots"
        ),
        pytest.param(domain, "-a.example", "found '-a.example', expected a host name, as in shop.example.com", id="-"),
        pytest.param(
            domain, "a.example.", "found 'a.example.', expected a host name, without the dot at its end", id="."
        ),
        pytest.param(
            domain,
            "a.example;b",
            "found 'a.example;b', expected a host name, as in shop.example.com",
            id="what nginx would read",
        ),
        pytest.param(
            checks.domains,
            [],
            "found an empty list, expected at least one host name or address, as in domains: [shop.example.com]",
            id="no domains",
        ),
        pytest.param(
            checks.domains, ["b.example", "a.example", "b.example"], "found b.example twice", id="domain twice"
        ),
        pytest.param(
            checks.domains,
            ["a", "b.example", "C.example"],
            "found 'a', expected a host name, as in shop.example.com; "
            "found 'C.example', expected a host name, in lower case: c.example",
            id="two wrong domains",
        ),
        pytest.param(
            git,
            "https://me:secret@git.example.com/shop.git",
            "holds a password; keep it in root's ~/.netrc on the host and write git: https://git.example.com/shop.git",
            id="password",
        ),
        pytest.param(
            git,
            "https://me:secret@git.example.com:8443/shop.git",
            "holds a password; keep it in root's ~/.netrc on the host "
            "and write git: https://git.example.com:8443/shop.git",
            id="password and port",
        ),
        pytest.param(
            git,
            "https://ghp_token@git.example.com/shop.git",
            "holds a user or a token; keep it in root's ~/.netrc on the host "
            "and write git: https://git.example.com/shop.git",
            id="token",
        ),
        pytest.param(git, "shop", f"found 'shop', {EXPECTED_GIT}", id="no URL"),
        pytest.param(git, "https://[::1/shop.git", f"found 'https://[::1/shop.git', {EXPECTED_GIT}", id="broken IPv6"),
        pytest.param(
            source_validators.version,
            "v1..v2",
            "found 'v1..v2', expected a tag, branch or commit, as in version: v1.4.2",
            id="range of versions",
        ),
        pytest.param(
            validators.workers,
            "many",
            "found 'many', expected auto or a number from 1 to 1024, as in workers: auto",
            id="workers",
        ),
        pytest.param(
            checks.path, "ready", "found 'ready', expected an absolute path of a URL, as in /ready", id="path"
        ),
        pytest.param(
            validators.statuses,
            ["ok"],
            "found ['ok'], expected numbers or classes of HTTP status, as in [200] or [2xx, 3xx]",
            id="status",
        ),
        pytest.param(
            source_validators.requirements,
            ["gunicorn>=27", "uvicorn", "-e ."],
            "found 'gunicorn>=27', '-e .', expected name or name==version, as in gunicorn==27.0.1",
            id="requirements",
        ),
        pytest.param(
            validators.env,
            {"A-B": "1", "ASGI_APP": "x", "C": None, "D": ["x"], "E": "\x00"},
            "'A-B' is no name of an environment variable: letters, digits and underscores; "
            "ASGI_APP is set by the release itself; leave it out; C is no text but nothing; D is no text but a list; "
            "E holds a control character",
            id="environment",
        ),
        pytest.param(validators.command, "a\nb", "found 'a\\nb', expected one line", id="command of two lines"),
        pytest.param(
            validators.command,
            "alembic 'upgrade",
            'found "alembic \'upgrade", which is not written as for a shell: No closing quotation',
            id="command with a quote too few",
        ),
        pytest.param(
            validators.command, " ", "found ' ', expected a command, as in alembic upgrade head", id="empty command"
        ),
        pytest.param(
            validators.levels,
            {"shop": "loud", "a": "info", "b": None},
            "found shop: loud, b: None, expected one of debug, info, warning, error, critical for each logger",
            id="levels of loggers",
        ),
        pytest.param(
            validators.hooks,
            {"on_exit": "shop.hooks", "post_fork": "shop.hooks:post_fork", "when_ready": "1"},
            "on_exit: found 'shop.hooks', expected package.module:function; "
            "when_ready: found '1', expected package.module:function",
            id="hooks",
        ),
        pytest.param(
            checks.folder, "dev/shm", "found 'dev/shm', expected an absolute path, as in /dev/shm", id="folder"
        ),
        pytest.param(
            validators.title,
            "a;b",
            "found 'a;b', expected letters, digits, dots, hyphens and spaces",
            id="process name",
        ),
        pytest.param(
            checks.url_path, "/", "found '/', expected a path of a URL other than /, as in /ready", id="path of a URL"
        ),
        pytest.param(
            validators.units,
            ["a.service", "redis"],
            "found 'redis', expected the unit's whole name, as in redis.service",
            id="unit without suffix",
        ),
        pytest.param(
            validators.units,
            ["postgresql@.service", "certbot.timer"],
            "found 'postgresql@.service', expected the name of a unit that ends with .service, .socket, .target or "
            ".mount, as in postgresql.service; "
            "found 'certbot.timer', expected the name of a unit that ends with .service, .socket, .target or .mount, "
            "as in postgresql.service",
            id="two wrong units",
        ),
        pytest.param(validators.units, ["a.service", "a.service"], "found a.service twice", id="unit twice"),
        pytest.param(
            RULES["files"],
            {"../x": {"content": "secret"}, "a": {"contnet": "secret"}, "b": "secret", "uv.lock": {"src": "x"}},
            "found '../x', expected a path inside the release's tree, as in config/settings.toml; "
            "a has 'contnet', expected one of content, src, template, as in a: {src: settings.toml}; "
            "b is no dictionary, expected one of content, src, template, as in b: {src: settings.toml}; "
            "uv.lock decides what is installed; it belongs into the source",
            id="files",
        ),
        pytest.param(
            RULES["files"],
            {"a": {"content": 5}, "a/b": {"content": ""}},
            "the content of a is no text; put it in quotes; a/b lies in a",
            id="files that do not go together",
        ),
        pytest.param(
            RULES["storage"],
            ["a/b", "/var/x", "a", "a"],
            "found '/var/x', expected a path inside the release's tree, as in config/settings.toml; "
            "found 'a' twice; a/b lies in a",
            id="storage",
        ),
        pytest.param(
            RULES["static"],
            {"/static": "public", "/a/": {"fodler": "x"}, "/b/": {"folder": "x", "immutable": "yes"}, "/c/": "../x"},
            "found '/static', expected the beginning of URLs with a slash at both ends, as in /static/: public/static; "
            "/a/ expects a folder of the source, as in /a/: public/static or "
            "/a/: {folder: dist/assets, immutable: true}; "
            "immutable of /b/ is neither true nor false, as in /b/: {folder: dist/assets, immutable: true}; "
            "/c/: found '../x', expected a path inside the release's tree, as in config/settings.toml",
            id="static",
        ),
        pytest.param(between(1, 9, "seconds"), 10, "found 10, expected 1 to 9 seconds", id="range of numbers"),
    ],
)
def test_text(rule: checks.Rule, value: Any, text: str) -> None:
    assert rule(value) == text


def test_no_password_is_shown() -> None:
    assert "secret" not in str(git("https://me:secret@git.example.com/shop.git"))
    assert "secret" not in str(git("https://me:secret@git.example.com"))


def test_no_content_is_shown() -> None:
    errors = {"../x": {"content": "secret"}, "a": {"contnet": "secret"}, "b": "secret", "c": ["secret"]}
    assert "secret" not in str(RULES["files"](errors))


def test_rule_errors() -> None:
    app: dict[str, Any] = {"name": "Shop", "git": None, "module": "main:app", "gate": {"path": "ready", "timeout": 0}}
    assert rule_errors(RULES, app, "apps[0].") == [
        "apps[0].name: found 'Shop', expected at most 24 lower-case letters, digits and single hyphens, "
        "beginning with a letter, as in name: shop",
        "apps[0].gate.path: found 'ready', expected an absolute path of a URL, as in /ready",
        "apps[0].gate.timeout: found 0, expected 1 to 3600 seconds",
    ]


def test_rule_errors_where_a_group_is_missing() -> None:
    assert rule_errors(RULES, {"gate": None}) == []
