"""The pages that a person sees at the playing provider, in plain HTML without a script.

Rule: everything that came from outside is escaped; a page carries the id of its request and no secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from string import Template

SHELL = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title></head>
<body><h1>$title</h1>
$body
</body></html>
""")

FORM = Template("""$message<p>$client wants to send e-mail as you.</p>
<form method="post" action="$action">
<input type="hidden" name="request" value="$request_id">
<label>E-mail <input type="email" name="account" value="$login_hint"></label>
<label>Password <input type="password" name="password"></label>
$scopes
<button type="submit" name="decision" value="accept">Accept</button>
<button type="submit" name="decision" value="cancel">Cancel</button>
</form>""")

CODE_FORM = Template("""$message<p>Enter the code that your device shows.</p>
<form method="post" action="$action">
<label>Code <input type="text" name="user_code" value="$user_code"></label>
<button type="submit">Next</button>
</form>""")

BOX = Template("""<label><input type="checkbox" name="scope" value="$scope" checked> $scope</label>""")
LINE = Template("""<p>$scope</p>""")


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """What the sign-in page shows. `tickable`: scopes that the person may leave out."""

    provider: str
    action: str
    request_id: str
    client: str
    login_hint: str
    fixed: Sequence[str]
    tickable: Sequence[str]
    message: str = ""

    def html(self) -> bytes:
        scopes = [LINE.substitute(scope=escape(scope)) for scope in self.fixed]
        scopes += [BOX.substitute(scope=escape(scope)) for scope in self.tickable]
        form = FORM.substitute(
            message=_alert(self.message),
            client=escape(self.client),
            action=escape(self.action),
            request_id=escape(self.request_id),
            login_hint=escape(self.login_hint),
            scopes="\n".join(scopes),
        )
        return _shell(f"Sign in to {self.provider.title()}", form)


@dataclass(frozen=True, slots=True)
class CodePage:
    """Where the code of a device is entered. `user_code`: from an address that carried it."""

    provider: str
    action: str
    user_code: str
    message: str = ""

    def html(self) -> bytes:
        form = CODE_FORM.substitute(
            message=_alert(self.message), action=escape(self.action), user_code=escape(self.user_code)
        )
        return _shell(f"{self.provider.title()}: sign in on a device", form)


def last_page(title: str, text: str) -> bytes:
    return _shell(title, f"<p>{escape(text)}</p>")


def refusal_page(provider: str, error: str, text: str) -> bytes:
    """What a browser shows if the client's request is wrong: the person cannot go on."""
    body = _alert(f"{error}: {text}" if text else error)
    return _shell(f"{provider.title()}: error", body)


def _alert(message: str) -> str:
    return f'<p role="alert">{escape(message)}</p>\n' if message else ""


def _shell(title: str, body: str) -> bytes:
    return SHELL.substitute(title=escape(title), body=body).encode()
