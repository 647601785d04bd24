"""`pollux identity`: the whole way of an authority on the command line."""

import io
import json
from pathlib import Path

import pytest
from cryptography import x509

from pollux.cli import main

SECRET = "a root is kept elsewhere\n"


def asked(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET))
    return main(["identity", *map(str, words)])


def test_an_authority_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made, a device issued, renewed with overlap, listed, one revoked by its number, and the root's list renewed."""
    data, root, out = tmp_path / "data", tmp_path / "root.pem", tmp_path / "P-7"
    assert asked(monkeypatch, "init", data, "--root", root, "--host", "localhost") == 0
    assert asked(monkeypatch, "init", data, "--root", tmp_path / "again") == 1
    assert main(["token", "add", str(data), "P-7", "--kind", "device", "--twin", "Pump/P-7"]) == 0
    assert asked(monkeypatch, "renew", data, "P-7", "--out", out) == 1
    assert asked(monkeypatch, "issue", data, "P-7", "--out", out) == 0
    first = x509.load_pem_x509_certificate((out / "P-7.pem").read_bytes())
    assert asked(monkeypatch, "renew", data, "P-7", "--out", out) == 0
    assert asked(monkeypatch, "revoke", data, f"{first.serial_number:040x}") == 0
    assert asked(monkeypatch, "renew-root", data, "--root", root) == 0
    assert asked(monkeypatch, "renew-issuer", data, "--root", root) == 0
    capsys.readouterr()
    assert asked(monkeypatch, "list", data) == 0
    assert capsys.readouterr().out.count("\nissuer ") == 3  # both by number, and the end of the one that issues
    assert asked(monkeypatch, "list", data, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    states = {one["serial"]: one["state"].split()[0] for one in said["certificates"]}
    assert states[f"{first.serial_number:040x}"] == "revoked"
    assert sorted(states.values()) == ["revoked", "until"]
    assert set(out.iterdir()) == {out / name for name in ("P-7.key", "P-7.pem", "authority.pem")}
    assert (out / "P-7.key").stat().st_mode & 0o777 == 0o600


def test_a_site_is_served_over_tls_with_locked_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`serve --tls` finds the authority in the data folder, says where it is, and needs the passphrase of the keys."""
    data, site = tmp_path / "data", tmp_path / "site.py"
    site.write_text("import pollux as px\nsite = px.Site()\n", encoding="utf-8")
    words = ["serve", str(site), "--data", str(data), "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--tls"]
    words += ["--tls-1.2", "mqtt", "--seconds", "0.2"]
    monkeypatch.setenv("POLLUX_IDENTITY_PASSPHRASE", "opens this site")
    assert asked(monkeypatch, "init", data, "--root", tmp_path / "root.pem", "--host", "localhost") == 0
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "https://localhost:" in said
    assert "mqtts://localhost:" in said
    monkeypatch.delenv("POLLUX_IDENTITY_PASSPHRASE")
    assert main(words) == 1
    assert "POLLUX_IDENTITY_PASSPHRASE" in capsys.readouterr().err


def test_wrong_use_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a root's file, an authority, a name, a folder or a host there is one message that names it."""
    data = tmp_path / "data"
    assert asked(monkeypatch, "init", data) == 1
    assert "--root" in capsys.readouterr().err
    assert asked(monkeypatch, "list", data) == 1
    assert "identity init" in capsys.readouterr().err
    assert asked(monkeypatch, "init", data, "--root", tmp_path / "root.pem") == 0
    wrong: list[tuple[list[str | Path], str]] = [
        (["server", data], "--host"),
        (["issue", data], "NAME"),
        (["issue", data, "P-9"], "--out"),
        (["issue", data, "P-9", "--out", tmp_path / "o"], "token add"),
        (["revoke", data, "P-9"], "identity list"),
        (["renew-issuer", data], "--root"),
        (["revoke-issuer", data], "--root"),
        (["revoke-issuer", data, "00ff", "--root", tmp_path / "root.pem"], "identity list"),
        (["renew-issuer", data, "--root", tmp_path / "nowhere.pem"], "nowhere.pem"),
    ]
    for words, told in wrong:
        assert asked(monkeypatch, *words) == 1
        assert told in capsys.readouterr().err
