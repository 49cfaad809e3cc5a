"""`appliance web password` gives a one-time password that opens the console once; `web serve` listens where it is told."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import httpx
import pytest

from appliance.cli import main
from appliance.web.accounts import Accounts, WrongPasswordError
from appliance.web.passkeys import Passkeys
from appliance.web.setup_steps import STEPS
from tests.appliance.furnished import PASSWORD, PATIENCE_S, Furnished, free_port, listens, program, signed_in, until


def password(capsys: pytest.CaptureFixture[str], data: Path, *name: str) -> str:
    assert main(["web", "password", *name, "--data", str(data)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.count("\n") == 1
    return said.out.strip()


def test_the_password_opens_the_console_of_a_new_box_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, port = password(capsys, tmp_path / "var"), free_port()
    with program("web", "serve", "--port", str(port), "--data", str(tmp_path / "var"), errors=tmp_path / "errors") as process:
        until("the console", lambda: listens(port) or process.poll() is not None)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            first = client.post("/sign-in", data={"name": "admin", "password": given})
            assert (first.status_code, first.headers["location"]) == (303, "/account?next=%2F")
            assert client.get("/calls", headers={"Accept": "text/html"}).status_code == 200
            assert client.post("/sign-in", data={"name": "admin", "password": given}).status_code == 401
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
    assert f"the console is at http://127.0.0.1:{port}\n" in (tmp_path / "errors").read_text()


def test_a_forgotten_password_is_replaced_and_whoever_used_it_is_signed_out(
    own: Furnished, capsys: pytest.CaptureFixture[str]
) -> None:
    client = signed_in(own)
    assert client.get("/calls").status_code == 200
    password(capsys, own.box.folders.data)
    assert client.get("/calls").status_code == 303
    with own.ledger() as ledger, pytest.raises(WrongPasswordError):
        Accounts(ledger, own.clock().now, 12).sign_in("admin", PASSWORD, "-")


def test_an_account_is_made_by_its_first_password(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    given = password(capsys, own.box.folders.data, "suzuki")
    with own.ledger() as ledger:
        assert Accounts(ledger, own.clock().now, 12).sign_in("suzuki", given, "-")
    assert signed_in(own).get("/calls").status_code == 200, "the others stay signed in"


def test_the_configuration_says_where_to_listen(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "var"
    data.mkdir()
    (data / "appliance.toml").write_text(f'[web]\nhost = "127.0.0.2"\nport = {port}\n')
    with program("web", "serve", "--data", str(data), errors=tmp_path / "errors") as process:
        until("the console", lambda: reached(f"http://127.0.0.2:{port}") or process.poll() is not None)
        assert process.poll() is None
        assert not listens(port), "127.0.0.1 was not named"


def reached(url: str) -> bool:
    try:
        return httpx.get(f"{url}/sign-in", trust_env=False).status_code in (200, 303)
    except httpx.TransportError:
        return False


def test_without_an_action_the_use_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["web"])
    assert caught.value.code == 2
    assert "ACTION" in capsys.readouterr().err


def test_roles_and_accounts_are_looked_after_without_a_browser(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    def web(*words: str, code: int = 0) -> str:
        assert main(["web", *words, "--data", str(own.box.folders.data)]) == code
        return capsys.readouterr().out

    made = web("role", "new", "--name", "相談員", "--rights", "search,listen", "--lines", "03-1234-5679").strip()
    web("password", "ito", "--role", made)
    assert "ito\t相談員" in web("accounts")
    assert f"{made}\t相談員\tlisten own_account search\t03-1234-5679" in web("roles")
    web("role", made, "--rights", "search", "--lines", "")
    assert f"{made}\t相談員\town_account search\tevery line" in web("roles")
    web("give", "ito", "manager")
    web("close", "ito")
    assert "ito\tmanager\t0 sessions\tclosed" in web("accounts")
    web("open", "ito")
    assert "closed" not in web("accounts")
    web("close", "admin", code=2)
    web("role", made, "--rights", "fly", code=2)
    web("role", "nothing", "--rights", "search", code=2)
    web("password", "kato", "--role", "nothing", code=2)
    web("close", "nobody", code=2)


def test_the_passkeys_of_a_lost_device_are_taken_away(own: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(own.box.folders.data)
    with own.ledger() as ledger:
        ledger.connection.execute("INSERT INTO passkey VALUES (x'01', 'admin', 'phone', x'02', 0, 0, NULL)")
    assert main(["web", "accounts", "--data", data]) == 0
    assert "1 passkeys" in capsys.readouterr().out
    assert main(["web", "password", "admin", "--forget-passkeys", "--data", data]) == 0
    with own.ledger() as ledger:
        assert Passkeys(ledger, own.clock().now).of("admin") == []


def test_the_steps_of_the_set_up_stand_on_the_command_line_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["web", "steps", "--json", "--data", str(tmp_path)]) == 0
    steps = json.loads(capsys.readouterr().out)
    assert [step["step"] for step in steps] == list(STEPS)
    network = steps[0]
    assert network["done"] is False and network["troubles"][0]["mend"], "a new box has no mirror port, and it is said what to do"
    assert main(["web", "steps", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert f"1. {network['title']}: not done" in said and network["troubles"][0]["mend"] in said
