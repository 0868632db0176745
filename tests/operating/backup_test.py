"""A backup that is made while posts are running can be restored, by the commands in the docs."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import SecretStr

from core.embedded.programs import binary
from core.service.killed_services import PatientClients
from core.service.sample_requests import assert_consistent, post, posted_keys
from core.testing import programs
from core.testing.databases import Databases
from core.testing.process_environment import environment
from core.testing.service_process import service
from core.testing.waiting import until

PAGE = Path("docs/operating/backup.md").read_text()
BACK_UP, RESTORE = (
    block.replace("content", "sample")
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
)
OUR_PROGRAM = re.compile(r'DATABASE_URL="\$(\w+)" python3 sample\.pex (\w+)')


def run(script: str, folder: Path, **urls: SecretStr) -> str:
    """Runs the commands on a dump in `folder`. Each must succeed. Returns what they print."""
    printed = ""
    for line in script.replace("sample.dump", f"'{folder}/sample.dump'").splitlines():
        if ours := OUR_PROGRAM.fullmatch(line):
            variables = environment(DATABASE_URL=urls[ours[1]])
            done = programs.run("sample.service", ours[2], env=variables, merged=True)
        else:
            done = in_shell(line, environment(**urls))
        assert done.returncode == 0, done.stdout
        printed += done.stdout
    return printed


def in_shell(line: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    variables["PATH"] = f"{Path(binary('psql')).parent}{os.pathsep}{variables['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-euc", line],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_backup_made_under_load_has_all_that_was_acknowledged_and_takes_posts(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.migrated("sample")
    with (
        service("sample.service", DATABASE_URL=url) as running,
        ThreadPoolExecutor(4) as pool,
    ):
        clients = PatientClients(running.address)
        sending = [pool.submit(clients.post, thread) for thread in range(4)]
        try:
            until(lambda: len(clients.posted) > 100, "too little was posted")
            acknowledged = set(clients.posted)
            run(BACK_UP, tmp_path, DATABASE_URL=url)
            during = len(clients.posted)
            until(lambda: len(clients.posted) > during, "nothing was posted after the backup")
        finally:
            clients.over.set()
        for thread in sending:
            thread.result()
    restored = SecretStr(re.sub(r"/test_\d+\?", "/ledger_restored?", url.get_secret_value()))
    printed = run(RESTORE, tmp_path, MAINTENANCE_URL=url, RESTORED_URL=restored)
    assert "0 findings" in printed
    survivors = posted_keys(restored)
    assert acknowledged <= set(survivors) < clients.posted
    with service("sample.service", DATABASE_URL=restored) as again:
        lost = sorted(clients.posted - set(survivors))[0]
        assert post(again.client, *survivors[0]).json()["code"] == "duplicate_nonce"
        assert post(again.client, *lost).status_code == 201
    assert_consistent(restored)
