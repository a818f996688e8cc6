"""Frameworks: an application of each, which answers with a line of a file that lies next to its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

GREETING = "Good morning from the file next to the code"
# Every application reads its data as packages do, and signs it where its lock has itsdangerous.
BEGINNING = """\
from pathlib import Path

WORDS = Path(__file__).with_name("words.txt").read_text(encoding="utf-8").strip()
"""


@dataclass(frozen=True)
class Framework:
    """A framework.

    Attributes:
        needs: requirements, each with its version, so that a row means the same in a year.
        code: of the module, which has the attribute `app`.
        interface: the kind of application.
    """

    needs: tuple[str, ...]
    code: str
    interface: Literal["asgi", "wsgi"] = "asgi"


PLAIN = """\
from itsdangerous import Signer

BODY = Signer("not secret").unsign(Signer("not secret").sign(WORDS))


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
"""
STARLETTE = """\
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def home(request):
    return PlainTextResponse(WORDS)


app = Starlette(routes=[Route("/", home)])
"""
FASTAPI = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

STARTED = []


@asynccontextmanager
async def lifespan(app):
    STARTED.append(WORDS)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/", response_class=PlainTextResponse)
def home() -> str:
    return STARTED[0]
"""
LITESTAR = """\
from litestar import Litestar, MediaType, get


@get("/", media_type=MediaType.TEXT)
async def home() -> str:
    return WORDS


app = Litestar([home])
"""
QUART = """\
from quart import Quart

app = Quart(__name__)


@app.get("/")
async def home():
    return WORDS
"""
FALCON = """\
import falcon.asgi


class Home:
    async def on_get(self, request, response):
        response.content_type = falcon.MEDIA_TEXT
        response.text = WORDS


app = falcon.asgi.App()
app.add_route("/", Home())
"""
FLASK = """\
from flask import Flask

flask = Flask(__name__)


@flask.get("/")
def home():
    return WORDS


"""
# A whole project of Django in one module; `manage.py` of its style has its commands.
DJANGO = """\
import os

import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["django.contrib.staticfiles"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.environ.get("SECRET_KEY", "of the build"),
        STATIC_ROOT="public/static",
        STATIC_URL="/static/",
        STATICFILES_DIRS=["assets"],
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
        },
    )
    django.setup()


def home(request):
    return HttpResponse(WORDS, content_type="text/plain")


urlpatterns = [path("", home)]
"""
DJANGO_END = """
from django.core.KIND import get_KIND_application

app = get_KIND_application()
"""
FRAMEWORKS = {
    "plain": Framework(("itsdangerous==2.2.0",), PLAIN),
    "starlette": Framework(("starlette==1.10.0",), STARLETTE),
    "fastapi": Framework(("fastapi==0.165.0",), FASTAPI),
    "litestar": Framework(("litestar==2.25.0",), LITESTAR),
    "quart": Framework(("quart==0.22.0",), QUART),
    "falcon": Framework(("falcon==4.4.0",), FALCON),
    "django": Framework(
        ("django==5.2.19",),
        f"{DJANGO}{DJANGO_END.replace('KIND', 'asgi')}",
    ),
    "django-wsgi": Framework(
        ("django==5.2.19",),
        f"{DJANGO}{DJANGO_END.replace('KIND', 'wsgi')}",
        "wsgi",
    ),
    "flask-asgiref": Framework(
        ("flask==3.1.3", "asgiref==3.13.0"), f"from asgiref.wsgi import WsgiToAsgi\n{FLASK}app = WsgiToAsgi(flask)\n"
    ),
    "flask-a2wsgi": Framework(
        ("flask==3.1.3", "a2wsgi==1.10.10"), f"from a2wsgi import WSGIMiddleware\n{FLASK}app = WSGIMiddleware(flask)\n"
    ),
    "flask": Framework(("flask==3.1.3",), f"{FLASK}app = flask\n", "wsgi"),
}
