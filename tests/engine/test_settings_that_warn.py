"""Settings that are taken, and of which whoever made them is told (S3, S5)."""

from pathlib import Path

import pytest

from franking.tests.engine.device import office


@pytest.mark.manual("S5")
async def test_s5_a_server_that_is_not_the_providers_is_taken_and_told(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(smtp={"server": None}) as engine:
        assert engine.status().warns == ()
        applied = await engine.apply(engine.settings.changed(smtp={"server": "smtp.gmail.com"}))
        assert applied.changed == ("smtp.server",)
        assert [rule.code for rule in applied.warns] == ["S5-server"]
        assert engine.status().warns == applied.warns
        assert engine.status().validation == "Available"
        again = await engine.apply(engine.settings.changed(smtp={"server": "smtp.office365.com"}))
        assert (again.warns, engine.status().warns) == ((), ())


@pytest.mark.manual("S3", "S1")
async def test_s3_an_administrator_at_the_other_provider_is_told_and_not_while_oauth_is_off(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        off = {"enabled": False}
        async with here.engine(oauth=off, smtp={"server": None}) as engine:
            gmail = engine.settings.changed(administrator={"address": "printer@gmail.com"})
            assert (await engine.apply(gmail)).warns == ()
            applied = await engine.apply(engine.settings.changed(oauth={"enabled": True}))
            assert [rule.code for rule in applied.warns] == ["S3-domain"]
            assert engine.settings.oauth.enabled
