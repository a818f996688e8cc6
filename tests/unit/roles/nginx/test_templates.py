"""Files of the role nginx."""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Facts = Callable[[str], Any]
Render = Callable[..., str]
Verify = Callable[..., None]

IPV6 = {"all_ipv6_addresses": ["fe80::1"]}


@pytest.fixture(name="render")
def on_a_host(render: Render, facts: Facts) -> Render:
    """Render for a Debian 13 with IPv6, or for another host."""
    return lambda *names, **arguments: render(*names, **{"ansible_facts": {**facts("13"), **IPV6}, **arguments})


def test_defaults(render: Render) -> None:
    text = render("nginx", "nginx.conf.j2")
    assert "worker_connections 4096;" in text
    assert "worker_rlimit_nofile 8192;" in text
    assert "client_max_body_size 16m;" in text


def test_options(render: Render) -> None:
    text = render("nginx", "nginx.conf.j2", nginx_worker_connections="512", nginx_client_max_body_size="0")
    assert "worker_connections 512;" in text
    assert "worker_rlimit_nofile 1024;" in text
    assert "client_max_body_size 0;" in text


def test_wrong_option(render: Render) -> None:
    with pytest.raises(ValueError) as error:
        render("nginx", "nginx.conf.j2", nginx_worker_connections="many")
    assert "nginx_worker_connections: found 'many', expected a whole number, as in 4096" in str(error.value)


def test_security(render: Render) -> None:
    text = render("nginx", "nginx.conf.j2")
    assert "server_tokens off;" in text
    assert re.findall(r"ssl_protocols ([^;]+);", text) == ["TLSv1.2 TLSv1.3"]
    (ciphers,) = re.findall(r"ssl_ciphers ([^;]+);", text)
    assert all(re.match(r"ECDHE-(RSA|ECDSA)-(AES(128|256)-GCM|CHACHA20)", cipher) for cipher in ciphers.split(":"))
    assert "log_format asgi escape=json" in text
    assert int(re.findall(r"keepalive_requests (\d+);", text)[0]) >= 10**9
    assert int(re.findall(r"keepalive_time (\d+)h;", text)[0]) >= 365 * 24


@pytest.mark.parametrize(("major", "lines"), [("12", 0), ("13", 0), ("14", 1)])
def test_kept_connections_at_a_reload(render: Render, facts: Facts, major: str, lines: int) -> None:
    """Only newer versions of nginx know the option."""
    text = render("nginx", "nginx.conf.j2", ansible_facts={**facts(major), **IPV6})
    assert len(re.findall(r"^ +keepalive_min_timeout 15s;$", text, re.MULTILINE)) == lines


def mapped(text: str, variable: str, **arguments: str) -> str:
    """Return what the maps of a text make of nginx's own variables, as nginx reads them: words before patterns."""
    result = re.search(rf"\n    map \$(\w+) \${variable} \{{\n(.*?)\n    \}}", text, re.DOTALL)
    if not result:
        return arguments.get(variable, "")
    source, default, words = mapped(text, result[1], **arguments), "", dict[str, str]()
    patterns: list[tuple[re.Pattern[str], str]] = []
    for line in result[2].splitlines():
        key, value = re.fullmatch(r' *("(?:[^"])*"|\S+) (\S+);', line.partition(" #")[0].rstrip()).groups()  # type: ignore[union-attr]
        key, value = key.strip('"'), value.strip('"')
        if key.startswith("~"):
            flags = re.IGNORECASE if key.startswith("~*") else 0
            pattern = key.lstrip("~*").replace("\\\\", "\\").replace("(?<", "(?P<")
            patterns.append((re.compile(pattern, flags), value))
        elif key == "default":
            default = value
        else:
            words[key.lower()] = value
    captured: dict[str, str] = {}
    value = words.get(source.lower(), "")
    if source.lower() not in words:
        match, value = next(((hit, then) for one, then in patterns if (hit := one.search(source))), (None, default))
        captured = match.groupdict() if match else {}
    return mapped(text, value[1:], **{**arguments, **captured}) if value.startswith("$") else value


@pytest.mark.parametrize(
    ("method", "asked", "passed"),
    [
        ("GET", "websocket", True),
        ("GET", "WebSocket", True),
        ("POST", "websocket", False),
        ("GET", "h2c", False),
        ("GET", "", False),
        ("GET", "websocket, h2c", False),
    ],
)
def test_upgrade_map(render: Render, method: str, asked: str, passed: bool) -> None:
    """Without an upgrade the header is empty, so that connections to applications stay open."""
    text = render("nginx", "nginx.conf.j2")
    options = {"request_method": method, "http_upgrade": asked}
    assert mapped(text, "asgi_upgrade", **options) == ("websocket" if passed else "")
    assert mapped(text, "asgi_connection", **options) == ("upgrade" if passed else "")


@pytest.mark.parametrize(
    ("path", "odd"),
    [
        ("/", False),
        ("/a.b/..c/.well-known/x?../..", False),
        ("/a/.../b", False),
        ("/a%20b/%c3%a4", False),
        ("/a?x=%00%5c\\#", False),
        ("/a/../b", True),
        ("/a/./b", True),
        ("/a/..", True),
        ("/a/..?x", True),
        ("/.", True),
        ("/a/%2e%2E/b", True),
        ("/a/.%2e/b", True),
        ("/a%2f..%2fb", True),
        ("/a%2F%2e/", True),
        ("/a\\..\\b", True),
        ("/a%5Cb", True),
        ("/a%00", True),
        ("/a#/../b", True),
    ],
)
def test_a_path_that_may_be_read_in_two_ways(render: Render, path: str, odd: bool) -> None:
    text = render("nginx", "nginx.conf.j2")
    assert mapped(text, "asgi_odd_path", request_uri=path) == ("1" if odd else "")


def test_a_request_is_a_line_of_a_bounded_length(render: Render) -> None:
    """One that was refused a short one."""
    text = render("nginx", "nginx.conf.j2")
    long = "/" + "a" * 8000
    assert mapped(text, "asgi_logged_uri", status="200", request_uri=long) == long[:1024]
    assert mapped(text, "asgi_logged_uri", status="429", request_uri=long) == long[:64]
    for status in ("200", "429"):
        assert mapped(text, "asgi_logged_uri", status=status, request_uri="/a:b?c") == "/a:b?c"
    assert mapped(text, "asgi_logged_agent", status="200", http_user_agent=long) == long[:256]
    assert mapped(text, "asgi_logged_agent", status="200", http_user_agent="curl") == "curl"
    assert mapped(text, "asgi_logged_agent", status="429", http_user_agent=long) == ""
    for variable, source, length in (
        ("asgi_logged_host", "host", 253),
        ("asgi_logged_release", "upstream_http_x_asgi_release", 64),
    ):
        assert mapped(text, variable, **{source: long}) == long[:length]
        assert mapped(text, variable, **{source: long[:length]}) == long[:length]
    assert [str(status) for status in range(100, 600) if mapped(text, "asgi_refused", status=str(status))] == [
        *("400", "405", "408", "413", "414", "421", "429", "431", "444", "494"),
    ]
    log = re.search(r"log_format asgi escape=json(.*?);", text, re.DOTALL)
    assert log and not {"$request_uri", "$http_user_agent", "$host", "$http_referer"} & set(
        re.findall(r"\$\w+", log[1])
    )


@pytest.mark.parametrize(
    ("status", "request_line", "method", "logged"),
    [
        ("200", "POST /a HTTP/2.0", "POST", "POST"),
        ("200", "PROPFIND /a HTTP/1.1", "PROPFIND", "PROPFIND"),
        ("502", "POST /a HTTP/1.1", "GET", "POST"),  # nginx makes it a GET for its page
        ("413", "PUT /a HTTP/1.1", "GET", "PUT"),
        ("400", "get / HTTP/1.1", "", "get"),  # that nginx could not read
        ("200", f"{'A' * 33} / HTTP/1.1", "A" * 33, ""),
        ("400", "\x16\x03", "", ""),
    ],
)
def test_a_method_is_logged_as_it_was_sent(
    render: Render, status: str, request_line: str, method: str, logged: str
) -> None:
    text = render("nginx", "nginx.conf.j2")
    options = {"status": status, "request": request_line, "request_method": method}
    assert mapped(text, "asgi_logged_method", **options) == logged


def test_error_pages_are_those_whose_method_is_looked_up(render: Render) -> None:
    """For others nginx keeps the method, and the cheaper way is right."""
    (pages,) = re.findall(r"error_page ([\d ]+) /", render("nginx", "https.conf.j2"))
    text = render("nginx", "nginx.conf.j2")
    actual = [
        str(status)
        for status in range(100, 600)
        if mapped(text, "asgi_logged_method", status=str(status), request="PUT / HTTP/1.1", request_method="GET")
        == "PUT"
    ]
    assert actual == pages.split()


@pytest.mark.parametrize("major", ["12", "13"])
def test_tickets_need_keys_that_change(render: Render, facts: Facts, major: str) -> None:
    text = render("nginx", "nginx.conf.j2", ansible_facts={**facts(major), **IPV6})
    assert ("ssl_session_tickets off;" in text) is (major == "12")


@pytest.mark.parametrize(
    ("claimed", "taken"),
    [
        ("0a1b2c3d", True),
        ("0a1b2c3", False),
        ("A-b_c.d9" * 16, True),
        ("A-b_c.d9" * 16 + "x", False),
        ("0a1b2c3d\\n", False),
        ('0a1b2c3d"}', False),
        ("0a1b 2c3d", False),
        ("", False),
    ],
)
def test_request_id_that_is_taken_over(render: Render, claimed: str, taken: bool) -> None:
    """Of what a visitor claims only what cannot forge a line of a log; the runtime's own rule is the same."""
    text = render("nginx", "nginx.conf.j2")
    (block,) = re.findall(r"map \$http_x_request_id \$asgi_request_id \{(.*?)\n    \}", text, re.DOTALL)
    (pattern,) = re.findall(r'"~(.+)" \$http_x_request_id;', block)
    assert "default $request_id;" in block
    assert bool(re.search(pattern.replace("$", r"\Z"), claimed)) is taken


def test_access_log(render: Render) -> None:
    """Each line is JSON: values that are text are in quotes, and those without can be numbers only."""
    (parts,) = re.findall(r"log_format asgi escape=json(.*?);\n", render("nginx", "nginx.conf.j2"), re.DOTALL)
    line = "".join(re.findall(r"'([^']*)'", parts))
    sample = re.sub(r"\$(status|msec|body_bytes_sent|request_time)\b", "1", line)
    actual = json.loads(re.sub(r"\$\w+", "x", sample))
    assert set(actual) >= {
        "time",
        "request_id",
        "client",
        "method",
        "uri",
        "status",
        "msec",
        "seconds",
        "agent",
        "release",
    }


def test_metrics_are_only_for_the_host(render: Render) -> None:
    text = render("nginx", "metrics.conf.j2", nginx_metrics_port="9999")
    assert re.findall(r"listen ([^;]+);", text) == ["127.0.0.1:9999"]
    assert re.findall(r"listen ([^;]+);", render("nginx", "metrics.conf.j2")) == ["127.0.0.1:9180"]
    assert "include /etc/nginx/asgi/metrics.d/*.conf;" in text


def test_logs_are_bounded(render: Render) -> None:
    lines = {line.strip() for line in render("nginx", "logrotate.conf.j2").splitlines()}
    assert {"maxsize 100M", "rotate 7", "create 0640 www-data adm"} <= lines
    (folder,) = re.findall(r"access_log (/\S+)/[^/]+ asgi buffer=64k flush=100ms;", render("nginx", "nginx.conf.j2"))
    assert f"{folder}/*.log {{" in lines


def test_systemd_takes_the_rotation_of_logs(render: Render, verify: Verify) -> None:
    service = render("nginx", "logs.service.j2")
    for program in ("/usr/sbin/logrotate", "/etc/asgi-deploy/trim-logs"):
        service = service.replace(program, "/bin/true")
    verify({"asgi-logs.service": service, "asgi-logs.timer": render("nginx", "logs.timer.j2")})


def test_order_of_includes(render: Render) -> None:
    """The catch-all servers come first; what the user put into sites-enabled stays in."""
    text = render("nginx", "nginx.conf.j2")
    includes = re.findall(r"include (/etc/nginx/\S+);", text[text.index("http {") :])
    assert includes == [
        "/etc/nginx/mime.types",
        "/etc/nginx/conf.d/*.conf",
        "/etc/nginx/asgi/default.conf",
        "/etc/nginx/asgi/metrics.conf",
        "/etc/nginx/asgi/sites/*.conf",
        "/etc/nginx/sites-enabled/*",
    ]


def test_unknown_names_are_refused(render: Render) -> None:
    text = render("nginx", "default.conf.j2")
    assert text.count("default_server;") == 4
    assert "reuseport" not in text
    assert "return 444;" in text
    assert "ssl_reject_handshake on;" in text
    assert "include /etc/nginx/asgi/http.d/*.conf;" in text


@pytest.mark.parametrize(
    ("major", "ipv6", "options", "lines"),
    [
        ("12", {}, {}, ["listen 443 ssl http2;"]),
        ("12", IPV6, {}, ["listen 443 ssl http2;", "listen [::]:443 ssl http2;"]),
        ("13", {"all_ipv6_addresses": []}, {}, ["listen 443 ssl;", "http2 on;"]),
        ("13", IPV6, {}, ["listen 443 ssl;", "listen [::]:443 ssl;", "http2 on;"]),
        (
            "13",
            {},
            {"nginx_http3": True},
            [
                "listen 443 ssl;",
                "listen 443 quic;",
                "http2 on;",
                "add_header Alt-Svc 'h3=\":443\"; ma=86400' always;",
            ],
        ),
        (
            "13",
            {},
            {"nginx_proxy_protocol": True, "nginx_trusted_proxies": ["10.0.0.1"]},
            ["listen 443 ssl proxy_protocol;", "http2 on;"],
        ),
    ],
)
def test_begin_of_servers_with_tls(
    render: Render, facts: Facts, major: str, ipv6: dict[str, Any], options: dict[str, Any], lines: list[str]
) -> None:
    text = render("nginx", "https.conf.j2", ansible_facts={**facts(major), **ipv6}, **options)
    actual = re.findall(r"^(?:listen|http2|add_header Alt-Svc).*$", text, re.MULTILINE)
    assert actual == lines


def test_begin_of_servers_without_tls(render: Render) -> None:
    text = render("nginx", "http.conf.j2", nginx_health_path="/up")
    assert re.findall(r"listen ([^;]+);", text) == ["80", "[::]:80"]
    assert "include /etc/nginx/asgi/http.d/*.conf;" in text
    assert "location = /up {" in text
    assert "    location = /-/nginx {" in render("nginx", "default.conf.j2")


def test_one_server_has_the_sockets_of_http_3(render: Render) -> None:
    text = render("nginx", "default.conf.j2", nginx_http3=True)
    assert re.findall(r"listen ([^;]*quic[^;]*);", text) == [
        "443 quic reuseport default_server",
        "[::]:443 quic reuseport default_server",
    ]


@pytest.mark.parametrize(
    ("options", "actual"),
    [
        ({}, []),
        (
            {"nginx_trusted_proxies": ["10.0.0.0/8", "2001:db8::1"]},
            ["set_real_ip_from 10.0.0.0/8", "set_real_ip_from 2001:db8::1", "real_ip_header X-Forwarded-For"],
        ),
        (
            {"nginx_trusted_proxies": ["10.0.0.1"], "nginx_proxy_protocol": True},
            ["set_real_ip_from 10.0.0.1", "real_ip_header proxy_protocol"],
        ),
    ],
)
def test_whose_word_on_addresses_is_taken(render: Render, options: dict[str, Any], actual: list[str]) -> None:
    text = render("nginx", "nginx.conf.j2", **options)
    assert re.findall(r"(?:set_real_ip_from|real_ip_header) [^;]+", text) == actual


def test_modern_tls(render: Render) -> None:
    text = render("nginx", "nginx.conf.j2", nginx_tls="modern")
    assert re.findall(r"ssl_protocols ([^;]+);", text) == ["TLSv1.3"]
    assert "ssl_ciphers" not in text
    assert "ssl_stapling" not in text


@pytest.mark.parametrize(
    ("major", "groups"),
    [("12", "X25519:prime256v1:secp384r1"), ("13", "?X25519MLKEM768:X25519:prime256v1:secp384r1")],
)
def test_groups(render: Render, facts: Facts, major: str, groups: str) -> None:
    text = render("nginx", "nginx.conf.j2", ansible_facts=facts(major))
    assert re.findall(r"ssl_ecdh_curve ([^;]+);", text) == [groups]


def test_compression_leaves_secrets_out(render: Render) -> None:
    """nginx compresses text/html wherever it compresses at all, whatever the types are."""
    assert re.findall(r"(gzip|brotli) (\w+);", render("nginx", "https.conf.j2", nginx_brotli=True)) == [
        ("gzip", "off"),
        ("brotli", "off"),
    ]
    for name in ("nginx.conf.j2", "https.conf.j2", "compress.conf.j2"):
        assert "gzip o" in render("nginx", name)
        assert "brotli" not in render("nginx", name)


def test_error_pages(render: Render) -> None:
    """nginx puts in what differs; what is left without it is JSON."""
    page = re.sub(r"<!--# echo var=\"(\w+)\".*?-->", lambda actual: "1", render("nginx", "error.json.j2"))
    assert json.loads(page) == {"status": 1, "title": "1", "request_id": "1"}
    text = render("nginx", "nginx.conf.j2")
    (titles,) = re.findall(r"map \$status \$asgi_error \{(.*?)\}", text, re.DOTALL)
    (answered,) = re.findall(r"error_page ([0-9 ]+) /-/", render("nginx", "https.conf.j2"))
    assert re.findall(r"^ +([0-9]+) ", titles, re.MULTILINE) == answered.split()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "json"),
        ("application/problem+json, */*", "json"),
        ("application/json;q=0.9, text/html", "json"),
        ("text/html,application/xhtml+xml,application/json;q=0.9", "html"),
        ("*/*", "html"),
        ("", "html"),
    ],
)
def test_kind_of_an_error_page(render: Render, accept: str, kind: str) -> None:
    text = render("nginx", "nginx.conf.j2")
    (pattern,) = re.findall(r'"~\*(.+)" json;', text)
    assert ("json" if re.search(pattern, accept, re.IGNORECASE) else "html") == kind


def test_snippet(render: Render) -> None:
    text = render("nginx", "nginx.conf.j2", nginx_snippet="map $a $b {\n    default 1;\n}\n")
    assert "    map $a $b {\n        default 1;\n    }\n" in text
    assert text.index("map $a $b") < text.index("include /etc/nginx/asgi/sites")


@pytest.mark.parametrize("name", ["nginx.conf.j2", "default.conf.j2", "metrics.conf.j2"])
def test_text(render: Render, name: str) -> None:
    text = render("nginx", name)
    assert text.startswith("# Written by asgi.deploy, role nginx")
    assert text.count("{") == text.count("}")
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("apps", "refusing", "serving"),
    [
        (
            [{"domains": ["a.example.com"]}],
            ["443 ssl default_server", "[::]:443 ssl default_server"],
            ["443 ssl", "[::]:443 ssl"],
        ),
        (
            [{"domains": ["192.0.2.1"]}],
            ["443 ssl", "[::]:443 ssl"],
            ["443 ssl default_server", "[::]:443 ssl default_server"],
        ),
    ],
)
def test_who_says_no_name_in_tls(render: Render, apps: list[Any], refusing: list[str], serving: list[str]) -> None:
    """One server for those, whichever: with two, or none, nginx would take no configuration, or the wrong server."""
    catch_all = render("nginx", "default.conf.j2", asgi_apps=apps).rpartition("server {")[2]
    assert re.findall(r"^ +listen ([^;]+);", catch_all, re.MULTILINE) == refusing
    assert re.findall(r"server_name ([^;]+);", catch_all) == ["_" if "default_server" in refusing[0] else "~."]
    assert "ssl_reject_handshake on;" in catch_all and "return 421;" in catch_all
    assert re.findall(r"^listen ([^;]+);", render("nginx", "unnamed.conf.j2", asgi_apps=apps), re.MULTILINE) == serving


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:a0a:a0a:a0a::a0a", "2001:db8:a0a:a0a::"),  # bytes that are line breaks
        ("::1", "::"),
    ],
)
def test_who_is_counted(render: Render, address: str, counted: str) -> None:
    """Of IPv6 a network of 64 bits; nginx has an address as its 4 or 16 bytes, and takes the first that matches."""
    text = render("nginx", "nginx.conf.j2")
    (block,) = re.findall(r"map \$binary_remote_addr \$asgi_client \{\n(.*?)\n    \}", text, re.DOTALL)
    first, *patterns = (line.strip().removesuffix(";") for line in block.splitlines())
    assert first == "default $binary_remote_addr"
    packed = ipaddress.ip_address(address).packed
    actual = packed
    for pattern, value in re.findall(r'"~(.*)" (\$\w+)', "\n".join(patterns)):
        match = re.search(pattern.replace("(?<", "(?P<").encode("latin-1"), packed)
        if match:
            actual = match["asgi_network"] if value == "$asgi_network" else packed
            break
    expected = ipaddress.ip_address(counted).packed
    assert actual == (expected if len(actual) == len(expected) else expected[:8])


EXCLUDED = """
our %nrconf = (override_rc => {qr(^dbus) => 0});
for my $file (@ARGV) { local (@ARGV, $/) = $file; eval <>; die "$file: $@" if $@; }
for my $unit (split /\n/, $ENV{UNITS}) {
    my $restart = 1;
    my $rules = $nrconf{override_rc};
    foreach my $re (keys %$rules) { $restart = 0 if $unit =~ /$re/ and not $rules->{$re}; }
    print "$unit\n" unless $restart;
}
"""


def test_needrestart_leaves_out_what_is_ours(render: Render, tmp_path: Path) -> None:
    """The files are Perl, read as needrestart reads them; on hosts needrestart itself is tested."""
    files = [tmp_path / "asgi-app.conf", tmp_path / "asgi-nginx.conf"]
    for file, role in zip(files, ("app", "nginx"), strict=True):
        file.write_text(render(role, "needrestart.conf.j2", plan={}))
    ours = ["asgi-shop@v1-0a1b2c3d.service", "asgi-shop.process-queue-1@v1-0a1b2c3d.service", "nginx.service"]
    ours.append("asgi-firewall-watch@v1-0a1b2c3d.service")  # of an application with this name
    ours.append("nginx")  # its script in /etc/init.d
    others = [
        "asgi-firewall-watch.service",
        "my-asgi-shop.service",
        "nginx-exporter.service",
        "postgresql@17-main.service",
    ]
    perl = ["perl", "-e", EXCLUDED, *map(str, files)]
    shown = subprocess.run(perl, env={"UNITS": "\n".join([*ours, *others])}, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ours


def test_apt_starts_the_program_before_and_after_it_is_at_work(desired_state: Callable[..., Any], facts: Facts) -> None:
    files = {file["path"]: file for file in desired_state("nginx", ansible_facts=facts("13"))["files"]}
    assert files["/etc/asgi-deploy/replace-nginx"]["mode"] == "0755"
    lines = files["/etc/apt/apt.conf.d/61asgi-nginx"]["content"].splitlines()
    assert lines[1:] == [
        'DPkg::Tools::Options::/etc/asgi-deploy/replace-nginx::Version "2";',
        'DPkg::Pre-Install-Pkgs { "/etc/asgi-deploy/replace-nginx before || true"; };',
        'DPkg::Post-Invoke { "/etc/asgi-deploy/replace-nginx after || true"; };',
    ]
