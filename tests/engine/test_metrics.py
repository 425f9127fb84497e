"""Numbers for Prometheus (B12), read by its own library."""

import stat
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from franking.engine.metrics import labelled
from franking.engine.settings import SettingsError
from franking.events.device import DiskFilled
from franking.machines.job import JOB
from franking.testing.policy import TESTING
from franking.tests.engine.device import KIM, PAGES, PASSWORDS, PRINTER, identity, office

pytestmark = pytest.mark.manual("B12")


def numbers(text: str) -> dict[str, float]:
    """As `franking_jobs{state=sent}`."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            name = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert name not in found
            found[name] = sample.value
    return found


async def test_b12_grants_jobs_refreshes_and_spool_are_told(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        before = numbers(engine.metrics())
        assert before["franking_grant_held{identity=administrator}"] == 0
        assert before["franking_spool_bytes"] == 0
        assert before["franking_spool_limit_bytes"] == engine.settings.spool.quota
        await here.sign_in(engine)
        await here.scan(engine)
        await engine.settle()
        await here.scan(engine, user="lee")
        await engine.settle()
        await here.passes(engine, hours=2)
        here.provider.answer_next(503, {"error": "temporarily_unavailable"})
        await here.scan(engine)
        await engine.settle()
        now = numbers(engine.metrics())
        kim = identity(engine, "kim").identity
        assert now[f"franking_grant_held{{identity={kim}}}"] == 1
        assert now["franking_jobs{state=sent}"] == 1
        assert now["franking_jobs{state=waiting}"] == 2
        assert now["franking_jobs{state=held}"] == 0
        assert now["franking_spool_bytes"] == 2 * len(PAGES)
        assert now["franking_refreshes_total{outcome=delayed}"] == 1
        named = {f"franking_jobs{{state={state.name.lower()}}}" for state in JOB.blocks}
        assert named - now.keys() == {"franking_jobs{state=new}"}


async def test_b12_refreshes_are_counted_by_their_end(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        for _ in range(3):
            await here.passes(engine, hours=2)
            await here.scan(engine)
            await engine.settle()
        here.provider.revoke_grants(KIM)
        await here.passes(engine, hours=2)
        await here.scan(engine)
        await engine.settle()
        now = numbers(engine.metrics())
        assert now["franking_refreshes_total{outcome=ready}"] == here.refreshes - 1 == 3
        assert now["franking_refreshes_total{outcome=refused}"] == 1
        assert now["franking_warnings{code=I101}"] == 1


async def test_b12_the_end_of_a_grant_is_a_moment(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        here.provider.policy.fixed_life = TESTING
        await here.sign_in(engine)
        ends = identity(engine, "kim").ends_at
        told = numbers(engine.metrics())
        name = f"franking_grant_end_timestamp_seconds{{identity={identity(engine, 'kim').identity}}}"
        assert (name in told) is (ends is not None)
        assert ends is not None
        assert told[name] == round(ends.timestamp())


async def test_b12_no_name_stands_in_a_number(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine)
        await here.scan(engine)
        await engine.settle()
        await engine.publish(DiskFilled())
        text = engine.metrics()
        for name in (*PASSWORDS, *PASSWORDS.values(), PRINTER, "kim", "lee", "@"):
            assert name not in text


async def test_b12_a_file_for_the_textfile_collector_is_written_each_minute(tmp_path: Path) -> None:
    file = tmp_path / "franking.prom"
    async with office(tmp_path / "office") as here:
        async with here.engine(metrics={"file": file}) as engine:
            assert numbers(file.read_text()) == numbers(engine.metrics())
            assert stat.S_IMODE(file.stat().st_mode) == 0o644
            await engine.publish(DiskFilled())
            before = file.stat().st_ino
            await here.passes(engine, minutes=1)
            assert numbers(file.read_text())["franking_warnings{code=I003}"] == 1
            assert file.stat().st_ino != before, "as a whole"
            assert not file.with_name(".franking.prom.new").exists()
        assert not file.exists(), "numbers of an engine that does not run are none"


async def test_b12_the_file_follows_the_settings(tmp_path: Path) -> None:
    first, second = tmp_path / "first.prom", tmp_path / "second.prom"
    async with office(tmp_path / "office") as here, here.engine() as engine:
        for file, gone in ((first, second), (second, first)):
            await engine.apply(engine.settings.changed(metrics={"file": file}))
            await engine.settle()
            assert (file.exists(), gone.exists()) == (True, False)
        await engine.apply(engine.settings.changed(metrics={"file": None}))
        await engine.settle()
        assert not second.exists()


async def test_b12_a_folder_that_is_not_there_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "nowhere" / "franking.prom"
    async with office(tmp_path / "office") as here, here.engine(metrics={"file": file}) as engine:
        await here.scan(engine)
        await engine.settle()
        assert "cannot be written: No such file or directory" in caplog.text
        file.parent.mkdir()
        await here.passes(engine, minutes=1)
        assert file.exists()


@pytest.mark.parametrize("file", ["franking.prom", "/var/lib/franking.txt"])
async def test_b12_a_file_that_nobody_would_read_is_refused(tmp_path: Path, file: str) -> None:
    async with office(tmp_path / "office") as here:
        with pytest.raises(SettingsError) as refused:
            async with here.engine(metrics={"file": file}):
                pass
        assert [each.key for each in refused.value.mistakes] == ["metrics.file"]


def test_b12_whatever_a_label_holds_is_read_as_it_is() -> None:
    odd = 'a\\n"b"\n\\'
    text = f"# TYPE x gauge\nx{labelled({'a': odd})} 1\n"
    (family,) = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"a": odd}
