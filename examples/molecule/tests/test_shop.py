"""The application as a visitor sees it, and its host from inside. `host` is testinfra's."""

import http.client
import json
import socket
import ssl

DOMAIN = "shop.example.test"


def ask(host, path):
    """Send a GET request from outside, with the certificate checked."""
    variables = host.ansible.get_variables()
    context = ssl.create_default_context(cafile=variables["lab_acme_root"])
    with socket.create_connection((variables["ansible_host"], 443), timeout=10) as plain:
        connection = http.client.HTTPConnection(DOMAIN)
        connection.sock = context.wrap_socket(plain, server_hostname=DOMAIN)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_it_answers(host):
    status, body = ask(host, "/version")
    assert status == 200
    assert json.loads(body)["version"] == "1.0.0"


def test_it_is_no_root(host):
    assert "gunicorn" in host.check_output("ps -o args= -u asgi-shop")


def test_it_can_write_nothing_of_itself(host):
    with host.sudo():
        assert host.run("runuser -u asgi-shop -- test -w /var/lib/asgi/shop").rc == 0
        assert host.run("runuser -u asgi-shop -- test -w /srv/asgi/shop/current/src").rc == 1
