"""What programs ask of the playing provider: tokens, device codes, revocation, discovery, keys.

Rule: an endpoint checks nothing by itself; protocol and books do.
"""

import base64
import hmac
import json
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .addresses import INTROSPECTION
from .exchange import Answer, OAuthRequest
from .grants import Refusal
from .id_tokens import IdTokens
from .protocol import NOT_STORED
from .quirks import Flow, Quirks
from .refusals import Body, Cause
from .serving import Serving, token_kind

RESOURCE_SERVER = "submission"
"Who may ask what a token is good for."


@dataclass(slots=True)
class Endpoints:
    serving: Serving
    id_tokens: IdTokens
    resource_secret: str = field(repr=False)
    "Of the server that asks about tokens."

    def routes(self) -> list[Route]:
        quirks = self.serving.quirks
        routes = [
            Route(quirks.token_path, self._token, methods=["POST"]),
            Route(quirks.device.path, self._device, methods=["POST"]),
            Route(quirks.discovery_path, self._discovery, methods=["GET"]),
            Route(quirks.keys_path, self._keys, methods=["GET"]),
            Route(INTROSPECTION, self._introspect, methods=["POST"]),
        ]
        if quirks.revoke_path is not None:
            routes.append(Route(quirks.revoke_path, self._revoke, methods=["POST"]))
        return routes

    async def _token(self, request: Request) -> Response:
        asked = await self.serving.asked(request)
        protocol = self.serving.protocol
        return await self.serving.answered(request, token_kind(asked), asked, lambda: protocol.token(asked))

    async def _device(self, request: Request) -> Response:
        asked = await self.serving.asked(request)
        serving = self.serving
        return await serving.answered(
            request, "device", asked, lambda: serving.protocol.device(asked, serving.at.verification)
        )

    async def _revoke(self, request: Request) -> Response:
        asked = await self.serving.asked(request)
        return await self.serving.answered(request, "revoke", asked, lambda: self._revoked(asked))

    def _revoked(self, asked: OAuthRequest) -> Answer:
        protocol = self.serving.protocol
        try:
            grant = protocol.books.revoke(
                asked.parameters.get("token", ""), asked.parameters.get("client_id")
            )
        except Refusal as refusal:
            return protocol.refused(refusal.cause)
        asked.account = grant.account
        return _json({})

    async def _introspect(self, request: Request) -> Response:
        asked = await self.serving.asked(request)
        said = request.headers.get("authorization", "").encode()
        return await self.serving.answered(
            request, "introspect", asked, lambda: self._introspected(asked, said)
        )

    def _introspected(self, asked: OAuthRequest, said: bytes) -> Answer:
        """RFC 7662 section 2; who asks must say so with HTTP Basic."""
        pair = f"{RESOURCE_SERVER}:{self.resource_secret}".encode()
        if not hmac.compare_digest(said, b"Basic " + base64.b64encode(pair)):
            return self.serving.protocol.refused(Cause.SECRET_WRONG)
        access = self.serving.protocol.books.access(asked.parameters.get("token", ""))
        if access is None:
            return _json({"active": False})
        asked.account = access.account
        told: Body = {
            "active": True,
            "username": access.account,
            "scope": " ".join(sorted(access.scope)),
            "exp": int(access.expires_at.timestamp()),
            "token_type": "Bearer",
        }
        return _json(told)

    async def _discovery(self, request: Request) -> Response:
        asked = await self.serving.asked(request)
        return await self.serving.answered(
            request, "discovery", asked, lambda: _json(self._metadata(request))
        )

    def _metadata(self, request: Request) -> Body:
        """OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2."""
        at, quirks = self.serving.at, self.serving.quirks
        tenant = request.path_params.get("tenant", "")
        shared = tenant in quirks.tenants_shared
        told: Body = {
            "issuer": at.of(quirks.issuer_path, "{tenantid}" if shared else at.tenant),
            "authorization_endpoint": at.of(quirks.authorize_path, tenant),
            "token_endpoint": at.of(quirks.token_path, tenant),
            "device_authorization_endpoint": at.of(quirks.device.path, tenant),
            "jwks_uri": at.of(quirks.keys_path, tenant),
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": _auth_methods(quirks),
            "scopes_supported": ["openid", "email", "profile"],
        }
        if quirks.revoke_path is not None:
            told["revocation_endpoint"] = at.of(quirks.revoke_path)
        if quirks.issuer_in_redirect:
            told["authorization_response_iss_parameter_supported"] = True
        return told

    async def _keys(self, request: Request) -> Response:
        asked = await self.serving.asked(request)
        return await self.serving.answered(
            request, "keys", asked, lambda: _json(self.id_tokens.public_keys())
        )


def _auth_methods(quirks: Quirks) -> list[str]:
    methods = [] if quirks.secret_required else ["none"]
    if quirks.secret_required or Flow.APPLICATION in quirks.flows:
        methods += ["client_secret_post", "client_secret_basic"]
    return [*methods, "private_key_jwt"] if Flow.APPLICATION in quirks.flows else methods


def _json(told: Body) -> Answer:
    return Answer(200, list(NOT_STORED), json.dumps(told).encode())
