"""What visitors of a domain meet that several applications share."""

from __future__ import annotations

import pytest

from tests.clients import https
from tests.integration.paths.conftest import Part
from tests.integration.tls import mozilla


def test_each_application_knows_where_it_is(front: Part, blog: Part, till: Part) -> None:
    for part in (front, blog, till):
        seen = part.get("/headers").raise_for_status().json()
        assert (seen["scheme"], seen["release"]) == ("https", part.live())
        assert seen["url"] == f"{part.url}/headers"


def test_documentation_is_of_the_path(blog: Part) -> None:
    assert blog.get("/openapi.json").json()["servers"] == [{"url": "/blog"}]
    page = blog.get("/docs", auth=("ops", "open sesame"))
    assert "url: '/blog/openapi.json'" in page.text


@pytest.mark.parametrize("path", ["/blogs", "/blo", "/blog.css", "/tills"])
def test_a_path_that_only_begins_alike_is_the_owners(front: Part, path: str) -> None:
    answer = front.get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    front.logged(f'"uri":"{path}"')


def test_the_beginning_without_a_slash(front: Part) -> None:
    """Is the application's, which leads to where it begins."""
    answer = https.get(front.domain, front.host.address, front.ca, "/blog")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{front.url}/blog/")
    assert "shop is open" in https.get(front.domain, front.host.address, front.ca, "/blog/").text


def test_claims_of_a_path_are_not_passed_on(front: Part, blog: Part) -> None:
    for part in (front, blog):
        seen = part.get("/headers", headers={"X-Forwarded-Prefix": "/evil", "X-Script-Name": "/evil"}).json()
        assert seen["url"] == f"{part.url}/headers"
        assert "x-forwarded-prefix" not in dict(seen["headers"])


def test_static_files(front: Part, blog: Part) -> None:
    for part, name in ((front, "front"), (blog, "blog")):
        actual = part.get(f"/static/{name}.css")
        assert (actual.text, actual.headers["cache-control"]) == (name, "public, max-age=60")
    assert blog.get("/static/app.5d41402abc4b.css").headers["cache-control"] == "public, max-age=31536000, immutable"
    assert blog.get("/static/front.css").status_code == front.get("/static/blog.css").status_code == 404


def test_headers_are_of_the_server(front: Part, blog: Part, till: Part) -> None:
    for part, path in ((front, "/version"), (blog, "/version"), (blog, "/static/blog.css"), (till, "/none")):
        headers = part.get(path).headers
        assert (headers["x-frame-options"], headers["strict-transport-security"]) == ("DENY", "max-age=63072000")


def test_health_and_metrics(blog: Part) -> None:
    assert blog.get("/alive").json() == {"status": "alive"}
    assert blog.get("/metrics").status_code == 404
    fetch = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9180/blog').read().decode())"
    assert "asgi_requests_total" in blog.host.run(f'python3 -c "{fetch}"').stdout


def test_a_password(blog: Part) -> None:
    asked = blog.get("/docs")
    assert (asked.status_code, asked.headers["www-authenticate"]) == (401, 'Basic realm="blog"')
    assert blog.get("/docs", auth=("ops", "sesame open")).status_code == 401
    assert blog.get("/docs", auth=("ops", "open sesame")).status_code == 200
    assert blog.host.run("cat /etc/nginx/asgi/auth/blog.htpasswd").stdout.startswith("ops:$6$")
    assert blog.host.run("grep -rl 'open sesame' /etc/nginx /etc/asgi-deploy /srv/asgi", check=False).stdout == ""


def test_maintenance_is_each_applications_own(front: Part, blog: Part, till: Part) -> None:
    blog.host.run("touch /srv/asgi/blog/maintenance")
    try:
        assert (blog.get("/version").status_code, blog.get("/none").status_code) == (503, 503)
        assert (blog.get("/alive").status_code, blog.get("/static/blog.css").status_code) == (200, 200)
        assert (front.get("/version").status_code, till.get("/version").status_code) == (200, 200)
        front.host.run("mv /srv/asgi/blog/maintenance /srv/asgi/front/maintenance")
        assert (front.get("/version").status_code, front.get("/ready").status_code) == (503, 200)
        assert (blog.get("/version").status_code, till.get("/version").status_code) == (200, 200)
    finally:
        front.host.run("rm -f /srv/asgi/front/maintenance /srv/asgi/blog/maintenance")


def test_each_has_its_own_log_errors_included(front: Part, blog: Part) -> None:
    """A release is watched by it, so another application's errors must not be in it."""
    unit = f"asgi-blog@{blog.live()}"
    blog.host.run(f"systemctl stop {unit}.socket {unit}.service")
    try:
        answer = blog.get("/version?down")
        assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
        assert front.get("/version?up").status_code == 200
    finally:
        blog.host.run(f"systemctl start {unit}.socket {unit}.service")
    assert https.wait(blog.domain, blog.host.address, blog.ca, "/blog/version").status_code == 200
    assert "?up" not in blog.logged("/blog/version?down")
    assert "?down" not in front.logged("/version?up")


def test_sizes(front: Part, blog: Part) -> None:
    def sent(part: Part, size: int) -> int:
        return https.ask(
            "POST", part.domain, part.host.address, part.ca, f"{part.path}/echo", content=b"x" * size
        ).status_code

    assert [sent(front, 60_000), sent(front, 70_000), sent(blog, 70_000), sent(blog, 2_200_000)] == [200, 413, 200, 413]


def test_tls_is_mozillas_intermediate(front: Part) -> None:
    mozilla(front, "intermediate")


def test_speaks_http_2(front: Part, blog: Part) -> None:
    assert [part.get("/version", http2=True).http_version for part in (front, blog)] == ["HTTP/2"] * 2
