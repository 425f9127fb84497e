"""A device whose administrator needs no person: by a secret, a certificate or a service account (B3)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from franking.engine.clock import Clock
from franking.tests.engine.device import PRINTER, Office, credential, office

ROBOT = "device@office.iam.gserviceaccount.com"
SECRET = "of the printer"
LEAF = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("printer.example", key_type=trustme.KeyType.RSA)
CERTIFICATE = LEAF.cert_chain_pems[0].bytes()
PEM = CERTIFICATE.decode() + LEAF.private_key_pem.bytes().decode()
HOWS = pytest.mark.parametrize("how", ["secret", "certificate", "service account"])


@asynccontextmanager
async def alone(folder: Path, how: str, clock: Clock | None = None) -> AsyncIterator[Office]:
    """A device whose administrator needs no person; people sign in as ever."""
    provider = "Google" if how == "service account" else "Microsoft"
    async with office(folder, provider, clock) as here:
        oauth: dict[str, object] = {
            "administrator_flow": "client credentials",
            "tenant": here.provider.tenant,
        }
        here.provider.registration.open_mailbox(PRINTER)
        if how == "secret":
            here.provider.registration.add_secret(SECRET)
            credential(here.store, "application", SECRET)
            oauth["client_credential"] = "credential:application"
        elif how == "certificate":
            here.provider.registration.add_certificate(CERTIFICATE)
            credential(here.store, "application", PEM)
            oauth["client_certificate"] = "credential:application"
        else:
            credential(here.store, "application", here.provider.add_service_account(ROBOT))
            here.provider.delegate(ROBOT)
            oauth = {"administrator_flow": "service account", "service_account": "credential:application"}
        here.settings = here.settings.changed(oauth=oauth)
        yield here


def ends(here: Office, how: str) -> str:
    """The credential is worth nothing any more at the provider; gives the next one."""
    registration = here.provider.registration
    if how == "service account":
        here.provider.disable_service_account(ROBOT)
        other = f"other-{ROBOT}"
        key = here.provider.add_service_account(other)
        here.provider.delegate(other)
        return key
    if how == "secret":
        registration.end_secrets(here.clock.now())
        registration.add_secret("the next one")
        return "the next one"
    registration.remove_certificates()
    leaf = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("p.example", key_type=trustme.KeyType.RSA)
    registration.add_certificate(leaf.cert_chain_pems[0].bytes())
    return leaf.cert_chain_pems[0].bytes().decode() + leaf.private_key_pem.bytes().decode()
