"""What the settings name and is not there, or cannot be what they mean: said before anything is tried.

Rule: every mistake at once, each with its key, and nothing of a secret.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..events.said import said
from ..events.settings import DeviceSettings, Proxy
from .adapters import NO_PROVIDERS
from .exclusions import ExclusionUnusable, exclusion
from .ports import Credentials
from .settings import CredentialError, Given, Mistake

if TYPE_CHECKING:
    from .oauth.providers import ProviderData


def outside(
    settings: DeviceSettings, credentials: Credentials, providers: Mapping[str, "ProviderData"] = NO_PROVIDERS
) -> tuple[Mistake, ...]:
    """What the settings name and is not there: provider, authorities, secrets."""
    from .oauth.fitting import misfits
    from .oauth.providers import UnknownProviderError, provider_data

    found = []
    try:
        data = provider_data(settings.oauth.provider, providers)
        found += misfits(settings.oauth, data, credentials)
        data.at(settings.oauth.authority, settings.oauth.tenant)
    except UnknownProviderError as error:
        found.append(
            Mistake("oauth.provider", Given.TEXT, said("settings.no-choice", expected=", ".join(error.known)))
        )
    except ValueError:
        found.append(Mistake("oauth.authority", Given.TEXT, said("settings.authority")))
    if settings.tls.trust is not None:
        found += untrusted(settings.tls.trust)
    references = {
        "oauth.client_credential": settings.oauth.client_credential,
        "oauth.client_certificate": settings.oauth.client_certificate,
        "oauth.service_account": settings.oauth.service_account,
        "smtp.user_credential": settings.smtp.user_credential,
        "hooks.on_information.credential": settings.hooks.on_information.credential,
        "page.certificate": settings.page.certificate,
        "page.administrator": settings.page.administrator,
        **{f"page.passwords.{login}": each for login, each in settings.page.passwords.items()},
        "programs.certificate": settings.programs.certificate,
        **{
            f"programs.clients.{name}.password": each.password
            for name, each in settings.programs.clients.items()
        },
    }
    proxies = {"proxy": settings.proxy}
    if settings.browser.enabled:  # else nobody is shown its settings
        proxies["browser.proxy"] = settings.browser.proxy
    for key, proxy in proxies.items():
        found += misread(key, proxy)
        references[f"{key}.credential"] = proxy.credential
    for key, reference in references.items():
        if reference is not None:
            found += unreadable(credentials, key, reference)
    if settings.browser.command:
        from .screen.known import says_where

        if not says_where(settings.browser.command):
            found.append(Mistake("browser.command", Given.LIST, said("settings.no-start", start="{start}")))
    for name, client in settings.programs.clients.items():
        if client.password is None and not client.networks:
            found.append(Mistake(f"programs.clients.{name}", None, said("settings.client")))
    return (*found, *unwatched(settings))


def unwatched(settings: DeviceSettings) -> list[Mistake]:
    """What of hooks and metrics cannot be meant."""
    found, command, file = [], settings.hooks.on_information.command, settings.metrics.file
    if command and not (Path(command[0]).is_absolute() and os.access(command[0], os.X_OK)):
        found.append(Mistake("hooks.on_information.command", Given.LIST, said("settings.no-program")))
    if file is not None and not (file.is_absolute() and file.suffix == ".prom"):
        found.append(Mistake("metrics.file", Given.TEXT, said("settings.no-prom")))
    return found


def misread(key: str, proxy: Proxy) -> list[Mistake]:
    """What of a proxy's settings cannot be meant."""
    found = []
    for entry in proxy.exclusions:
        try:
            exclusion(entry)
        except ExclusionUnusable as error:
            found.append(Mistake(f"{key}.exclusions", Given.TEXT, said(error.code, **error.fields)))
    if ":" in (proxy.user or ""):
        found.append(Mistake(f"{key}.user", Given.TEXT, said("settings.colon")))
    return found


def untrusted(trust: Path) -> list[Mistake]:
    """Reads the file as a TLS context would: what is wrong is known before the first connection."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=trust)
    except ssl.SSLError:
        return [Mistake("tls.trust", Given.FILE, said("settings.no-certificate"))]
    except OSError as error:
        return [Mistake("tls.trust", Given.TEXT, said("settings.file", why=error.strerror))]
    return []


def unreadable(credentials: Credentials, key: str, reference: str) -> list[Mistake]:
    if reference.startswith("vault:"):  # only an open engine has it, and can be given it
        return []
    try:
        credentials.read(reference)
    except CredentialError as error:
        why = said(
            "settings.credential", reference=reference, why=said(f"{error.meaning}.remedy", **error.fields)
        )
        return [Mistake(key, Given.REFERENCE, why)]
    except UnicodeDecodeError:
        return [Mistake(key, Given.REFERENCE, said("settings.file-utf-8"))]
    except OSError as error:
        return [Mistake(key, Given.REFERENCE, said("settings.file", why=error.strerror))]
    return []
