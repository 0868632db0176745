"""A program that the fork server starts does what a new interpreter would."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.testing.process_environment import environment
from core.testing.programs import Program, run, start

PROGRAMS = {
    "ends": "print('done')",
    "exits with a number": "import sys; print('x'); sys.exit(7)",
    "exits with a message": "import sys; print('x'); sys.exit('no')",
    "exits with nothing": "import sys; sys.exit()",
    "raises": "raise ValueError('odd')",
    "is interrupted": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "is terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "leaves at once": "import os; os._exit(3)",
    "has an exit function": "import atexit; atexit.register(print, 'bye'); print('hello')",
    "has a thread": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.2), print('later'))).start()",
    "has children": "import subprocess, sys; subprocess.run(['echo', 'child']); sys.exit(1)",
    "reads": "import sys; print(repr(sys.stdin.read()))",
    "writes to both": "import sys; print('out', end=''); print('err', file=sys.stderr)",
    "writes any text": "print('é\\N{GRINNING FACE}\\r\\n\\x00')",
    "has kept its output": "from alembic.config import Config; print('x', file=Config().stdout)",
    "says what it is": "import sys; print(__name__, sys.argv[1:], __spec__.name)",
    "says where it is": "import os; print(os.getcwd())",
    "says what it was given": "import os, time; print(repr(os.environ['ODD']), time.tzname)",
    "has the default signal handlers": "import signal; print(*map(signal.getsignal, (2, 15, 17)))",
    "imports its neighbour": "import neighbour; print(neighbour.__file__)",
}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "neighbour.py").touch()
    path = os.pathsep.join([str(tmp_path), *sys.path])
    return environment(PYTHONPATH=path, ODD="é\udcff =", TZ="Asia/Kathmandu")


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_it_does_what_a_new_interpreter_does(
    tmp_path: Path, settings: dict[str, str], text: str
) -> None:
    (tmp_path / "program.py").write_text(text)
    new = subprocess.run(
        [sys.executable, "-m", "program", "one", "--two=é"],
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    forked = run("program", "one", "--two=é", env=settings)
    assert (forked.returncode, forked.stdout) == (new.returncode, new.stdout.decode())
    # A traceback begins with the lines of the fork server.
    assert forked.stderr.splitlines()[-1:] == new.stderr.decode().splitlines()[-1:]


def test_the_fork_server_imports_core_without_its_tests(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    text = (
        "import sys; print('core.cli.main' in sys.modules, 'core.cli.commands_test' in sys.modules)"
    )
    (tmp_path / "program.py").write_text(text)
    assert run("program", env=settings).stdout == "True False\n"


def test_it_does_not_ignore_a_hang_up_when_nohup_has_started_the_tests(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    handler = "import signal; print(signal.getsignal(signal.SIGHUP) == signal.SIG_DFL)"
    (tmp_path / "program.py").write_text(handler)
    under_nohup = (
        "import os, signal\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from core.testing.programs import run\n"
        "print(run('program', env=os.environ).stdout, end='')"
    )
    tests = subprocess.run([sys.executable, "-c", under_nohup], env=settings, capture_output=True)
    assert tests.stdout == b"True\n", tests.stderr


def test_both_outputs_may_be_merged_in_order(tmp_path: Path, settings: dict[str, str]) -> None:
    text = "import sys; print(1, flush=True); print(2, file=sys.stderr); print(3)"
    (tmp_path / "program.py").write_text(text)
    done = run("program", env=settings, merged=True)
    assert (done.stdout, done.stderr) == ("1\n2\n3\n", "")


@pytest.fixture
def waiting(tmp_path: Path, settings: dict[str, str]) -> Program:
    (tmp_path / "waiting.py").write_text("import time; print('ready', flush=True); time.sleep(600)")
    return start("waiting", env=settings)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_gets_signals(waiting: Program, number: signal.Signals) -> None:
    with closing(waiting):
        assert waiting.stdout is not None and waiting.stdout.readline() == "ready\n"
        assert waiting.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.01)
        waiting.send_signal(number)
        assert waiting.wait(60) == -number
        assert waiting.stdout.read() == ""
        with pytest.raises(ProcessLookupError):
            os.kill(waiting.pid, 0)
        waiting.send_signal(number)  # has no effect, as with subprocess


def test_a_signal_between_its_end_and_the_report_of_it_has_no_effect() -> None:
    ended = subprocess.Popen(["true"])
    assert ended.wait() == 0
    reading, writing = os.pipe()
    with open(writing, "wb", buffering=0) as report:
        report.write(f"{ended.pid}\n".encode())
        program = Program(["true"], open(reading, "rb", buffering=0), None)
        program.kill()
        report.write(b"0\n")
    assert program.wait() == 0


def test_closing_kills_it(waiting: Program) -> None:
    waiting.close()
    assert waiting.poll() == -signal.SIGKILL


def test_programs_run_at_the_same_time(tmp_path: Path, settings: dict[str, str]) -> None:
    text = f"import os, sys; os.mkfifo({str(tmp_path / 'pipe')!r}); print('made', flush=True)\n"
    (tmp_path / "reader.py").write_text(text + f"print(open({str(tmp_path / 'pipe')!r}).read())")
    (tmp_path / "writer.py").write_text(f"open({str(tmp_path / 'pipe')!r}, 'w').write('hi')")
    with closing(start("reader", env=settings)) as reader:
        assert reader.stdout is not None and reader.stdout.readline() == "made\n"
        assert run("writer", env=settings).returncode == 0
        assert reader.stdout.readline() == "hi\n"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_the_fork_server_ends_with_the_tests(tmp_path: Path) -> None:
    text = "from core.testing.programs import run\nimport os\n"
    text += "run('this', env=dict(os.environ))\n"
    text += "print(*open(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read().split())"
    done = subprocess.run(
        [sys.executable, "-c", text], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0 and not done.stderr
    [server] = done.stdout.split()
    assert not Path(f"/proc/{server}").exists()
