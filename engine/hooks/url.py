"""An alarm as a POST of JSON to a URL, over the same sessions as token traffic: certificates are verified, a
proxy carries it where one is set (S4), and a redirect is not followed.

Rule: the URL may itself be the secret that lets one post there, so that no word of it is in what is said.
"""

import ssl
from collections.abc import Callable

from ..oauth.session import CallError, Session
from ..ports import HttpProxy
from ..secret import Secret
from ..settings import CredentialError

HEADERS = {"Content-Type": "application/json", "User-Agent": "franking"}


async def post(
    url: str,
    alarm: bytes,
    bearer: Callable[[], Secret | None],
    context: Callable[[], ssl.SSLContext],
    proxy: Callable[[], HttpProxy | None],
) -> str:
    """Empty: the answer was 2xx."""
    headers = dict(HEADERS)
    try:
        if (token := bearer()) is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        outside = url.startswith("https:")
        async with Session(context(), http2=False, proxy=proxy() if outside else None) as session:
            answer = await session.read("POST", url, headers, alarm)
    except CallError as error:
        return f"it was not reached: {error.fault.value}"
    except CredentialError:
        return "its credential, or the proxy's, cannot be read"
    except OSError as error:  # of `tls.trust`
        return f"no certificate can be verified: {error.strerror or type(error).__name__}"
    return "" if 200 <= answer.status < 300 else f"it answered with status {answer.status}"
