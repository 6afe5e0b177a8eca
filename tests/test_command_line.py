"""The command line with what it cannot use: a sentence that says what and why, and never a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ocpp_crosswalk import cli
from ocpp_crosswalk.cli import main

PROGRAM = str(Path(sys.executable).with_name("ocpp-crosswalk"))
TRANSLATE = ["translate", "--station", "ocpp1.6", "--csms", "ocpp2.1", "--from", "station"]
PAIR = "ocpp1.6--ocpp2.1"


def said(command: str, given: bytes = b"") -> tuple[int, str]:
    """The exit code and what standard error says, of a command in a shell."""
    done = subprocess.run(["sh", "-c", f"{PROGRAM} {command}"], input=given, capture_output=True, check=False)
    return done.returncode, done.stderr.decode()


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    try:
        assert main(arguments) == 2
    except SystemExit as end:
        assert end.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_frames_that_are_not_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "frames"
    file.write_bytes(b'[2,"1","Heartbeat",{}]\n[2,"\xff","Heartbeat",{}]\n')
    assert refusal([*TRANSLATE, str(file)], capsys) == f"{file} is not UTF-8 text, after line 0"
    assert said(" ".join(TRANSLATE), file.read_bytes()) == (2, "standard input is not UTF-8 text, after line 0\n")


def test_frames_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal([*TRANSLATE, str(tmp_path)], capsys) == f"{tmp_path} cannot be read: Is a directory"
    code, text = said(f"{' '.join(TRANSLATE)} <&-")
    assert (code, text) == (2, "standard input is closed: name a file, or give the frames to standard input\n")


def test_a_frame_that_is_nested_too_deeply(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "frames"
    file.write_text("[" * 100_000, "utf-8")
    assert main([*TRANSLATE, str(file)]) == 1
    assert capsys.readouterr().err == "line 1: this is neither a frame nor {'from': ..., 'frame': [...]}\n"


def test_frames_that_nobody_reads(tmp_path: Path) -> None:
    file = tmp_path / "frames"
    file.write_text('[2,"1","Heartbeat",{}]\n' * 3000, "utf-8")
    assert said(f"{' '.join(TRANSLATE)} {file} | head -1") == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("command", ["check --explain XW101", f"explain {PAIR} Reset"])
def test_output_that_cannot_be_written(command: str) -> None:
    assert said(f"{command} > /dev/full") == (2, "ocpp-crosswalk: No space left on device\n")


def test_output_that_is_closed() -> None:
    assert said("check --explain XW101 >&-") == (0, "")


def test_a_page_that_cannot_be_written_is_told_before_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "none" / "page.html"
    assert refusal(["check", "--html", str(page)], capsys).endswith(f"--html: there is no folder {page.parent}")
    assert refusal(["check", "--html", str(tmp_path)], capsys).endswith(f"--html: {tmp_path} is a folder")


def test_numbers_of_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(["check", "--examples", "x"], capsys).endswith("--examples: give a number, 0 or more, not 'x'")


def test_codes_that_do_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(["check", "--explain", ""], capsys) == "there is no finding ''. Codes are as XW101."


def test_a_check_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(["check", "--no-builtin"], capsys) == "--no-builtin checks folders alone: name one"


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    text = refusal(["new", PAIR, "Heartbeat", "--from", "station", "--into", str(file)], capsys)
    assert text.startswith(f"ocpp-crosswalk: {file}/")
    assert text.endswith("cannot be used: Not a directory")


@pytest.mark.parametrize("command", ["new", "explain"])
def test_actions_that_are_not_sent(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = refusal([command, PAIR, "StartTransaction", "--from", "csms"], capsys)
    assert text == f"the csms of {PAIR} does not send StartTransaction: the station does"
    text = refusal([command, PAIR, "StartTransactions"], capsys)
    assert text == f"nobody in {PAIR} sends 'StartTransactions'. Did you mean 'StartTransaction'?"
    text = refusal([command, PAIR, ""], capsys)
    assert text.startswith(f"nobody in {PAIR} sends ''. Actions are AFRRSignal, ")


def test_ctrl_c_while_a_command_is_loaded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)
    assert main(["check"]) == 130
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_in_the_demonstration() -> None:
    def heeding() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

    pipe = subprocess.PIPE
    with subprocess.Popen([PROGRAM, "demo"], stdout=pipe, stderr=pipe, bufsize=0, preexec_fn=heeding) as process:
        assert process.stdout is not None
        for _ in range(6):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=30)
    assert (process.returncode, text) == (130, b"")
