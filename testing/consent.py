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
            message=f'<p role="alert">{escape(self.message)}</p>\n' if self.message else "",
            client=escape(self.client),
            action=escape(self.action),
            request_id=escape(self.request_id),
            login_hint=escape(self.login_hint),
            scopes="\n".join(scopes),
        )
        return _shell(f"Sign in to {self.provider.title()}", form)


def refusal_page(provider: str, error: str, text: str) -> bytes:
    """What a browser shows if the client's request is wrong: the person cannot go on."""
    body = f'<p role="alert">{escape(error)}</p><p>{escape(text)}</p>'
    return _shell(f"{provider.title()}: error", body)


def _shell(title: str, body: str) -> bytes:
    return SHELL.substitute(title=escape(title), body=body).encode()
