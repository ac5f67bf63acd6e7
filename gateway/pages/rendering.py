"""Templates, files that pages need, and headers of pages: nothing comes from elsewhere, nothing runs inline."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.pages.texts import LANGUAGES, TEXTS, language_of, texts_of
from gateway.problems import RETRY_AFTER_SECONDS, Refused

ASSETS: Final[Mapping[str, str]] = {
    "pages.css": "text/css; charset=utf-8",
    "overlay.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "overlay.js": "text/javascript; charset=utf-8",
    "draw.js": "text/javascript; charset=utf-8",
    "stream.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "chart.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/uplot.js": "text/javascript; charset=utf-8",
    "vendor/uplot.css": "text/css; charset=utf-8",
    "vendor/uplot.LICENSE": "text/plain; charset=utf-8",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)
_templates: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("gateway.pages"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
)


@lru_cache
def asset_bytes(name: str) -> bytes:
    """Return a file of the pages; ``name`` is one of ``ASSETS``."""
    return files("gateway.pages").joinpath("static", *name.split("/")).read_bytes()


@lru_cache
def assets_version() -> str:
    """Return what changes when any file of the pages does: modules import one another by address."""
    seen = hashlib.sha256()
    for name in sorted(ASSETS):
        seen.update(asset_bytes(name))
    return seen.hexdigest()[:16]


def asset_address(name: str) -> str:
    """Return the address of a file; it changes with the files, and may be kept for ever."""
    if name not in ASSETS:
        raise KeyError(name)
    return f"/static/{assets_version()}/{name}"


_templates.globals["asset"] = asset_address


def asked_language(request: Request) -> str:
    """Return the language that a page is wanted in."""
    return language_of(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))


def page(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    ancestors: Sequence[str] = (),
    address: str = "",
    more_headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Return a rendered page.

    Args:
        request: what is answered.
        template: its name.
        values: what it shows; texts are escaped.
        status: the HTTP status.
        ancestors: origins whose pages may show it in a frame.
        address: where the page is had in another language; that of the request when empty.
        more_headers: headers that it has besides, or instead.
    """
    language = asked_language(request)
    html = _templates.get_template(template).render(
        language=language, t=texts_of(language), languages=_language_links(request, address), **values
    )
    headers = {
        "Content-Security-Policy": _POLICY.format(ancestors=" ".join(ancestors) or "'none'"),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Robots-Tag": "noindex",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language, Authorization",
        **more_headers,
    }
    return HTMLResponse(html, status, headers=headers)


def refusal(request: Request, refused: Refused) -> Response:
    """Return a page that says why there is none, in the reader's language; of parameters the detail, as it is.

    Where the numbers are away the page tries again by itself: nobody sits at a wall or at a streamer's overlay.
    """
    texts = texts_of(asked_language(request))
    heading = {400: "wrong_address", 503: "away_now"}.get(refused.status, "no_entry")
    values = {
        "heading": texts[heading],
        "detail": texts.get(f"refused_{refused.reason}", refused.detail),
        "advice": texts["page_renews" if refused.status == 503 else "ask_for_link"] if refused.status != 400 else "",
        "renews": refused.status == 503,
    }
    more = {"Retry-After": str(RETRY_AFTER_SECONDS)} if refused.status == 503 else {}
    return page(request, "problem.html", values, status=refused.status, more_headers=more)


def _language_links(request: Request, address: str) -> list[dict[str, str]]:
    return [
        {
            "code": language,
            "name": TEXTS["language"][language],
            "href": f"{address}?lang={language}"
            if address
            else str(request.url.include_query_params(lang=language).replace(scheme="", netloc="")),
        }
        for language in LANGUAGES
    ]
