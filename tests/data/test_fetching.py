"""Data sets fetched from mirrors that the tests make: whole, or not at all."""

import json
import shutil
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from filelock import FileLock

from ablate.data import git_files, single_files
from ablate.data.facts import FACTS
from ablate.data.fetching import RECORD, fetch
from ablate.data.sources import SOURCES, FileSource, GitSource
from ablate.errors import BusyError, ConfigError, FetchError
from tests.command_line import typed
from tests.data.mirrors import GIT, PAIRS, head, killed, repository, served

WANTED = {
    f"{side}/FLIR_{number:05}.png"
    for side in ("cropinfrared", "crop_LR_visible")
    for number in range(PAIRS)
}

if not shutil.which("git"):
    pytest.skip("git is not installed", allow_module_level=True)


@pytest.fixture
def upstream(tmp_path: Path) -> GitSource:
    return repository(tmp_path / "upstream")


def working_folder(to: Path) -> Path:
    (found,) = to.glob(".RoadScene.fetching-*")
    return found


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_wanted_folders_come_and_nothing_else(upstream: GitSource, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    folder = fetch(upstream, tmp_path / "to", step=lambda *counts: steps.append(counts))
    assert folder == tmp_path / "to" / "RoadScene"
    assert files(folder) == WANTED | {RECORD}
    assert steps[-1] == (2 * PAIRS, 2 * PAIRS)
    for name in WANTED:
        assert (folder / name).read_bytes() == (tmp_path / "upstream" / name).read_bytes()
    record = json.loads((folder / RECORD).read_text())
    assert record["commit"] == upstream.commit
    assert set(record["files"]) == WANTED
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["RoadScene"]


@pytest.mark.parametrize("after", [0, 2, 10, 12])
def test_a_killed_fetch_leaves_no_set_and_goes_on(
    upstream: GitSource, tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "to"
    assert killed(upstream, to, after=after) == -signal.SIGKILL
    assert not (to / "RoadScene").exists()
    (working_folder(to) / "git" / "shallow.lock").touch()  # as a killed git leaves it
    monkeypatch.setattr(git_files, "BATCH", 2)
    steps: list[int] = []
    folder = fetch(upstream, to, step=lambda done, total: steps.append(done))
    assert files(folder) == WANTED | {RECORD}
    assert steps[0] == after  # what had come is not fetched again
    assert len(steps) == 1 + (12 - after) // 2


def test_a_kill_around_the_rename_loses_nothing(
    upstream: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "to"

    def stop(path: Path, *, ignore_errors: bool = False) -> None:
        if path.name != "half":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ablate.data.fetching.shutil.rmtree", stop)
        with pytest.raises(KeyboardInterrupt):
            fetch(upstream, to)
    assert working_folder(to).exists()
    fetch(upstream, to)
    assert files(to / "RoadScene") == WANTED | {RECORD}
    assert not list(to.glob(".RoadScene.fetching*"))


def test_a_set_that_is_there_is_kept_and_a_changed_one_is_told(
    upstream: GitSource, tmp_path: Path
) -> None:
    folder = fetch(upstream, tmp_path)
    shutil.rmtree(tmp_path / "upstream")  # not asked again
    assert fetch(upstream, tmp_path) == folder
    (folder / "cropinfrared" / "FLIR_00003.png").unlink()
    (folder / "cropinfrared" / "FLIR_00004.png").write_bytes(b"x")
    with pytest.raises(FetchError, match=r"FLIR_00003\.png and 1 more changed or gone"):
        fetch(upstream, tmp_path)
    (folder / RECORD).unlink()
    with pytest.raises(FetchError, match="was not fetched by ablate"):
        fetch(upstream, tmp_path)
    assert (folder / "cropinfrared" / "FLIR_00005.png").exists()


def test_an_upstream_with_other_counts_is_refused(upstream: GitSource, tmp_path: Path) -> None:
    subprocess.run(
        [*GIT, "rm", "-q", "cropinfrared/FLIR_00000.png"], cwd=tmp_path / "upstream", check=True
    )
    subprocess.run([*GIT, "commit", "-qm", "less"], cwd=tmp_path / "upstream", check=True)
    with pytest.raises(FetchError, match=r"cropinfrared 5, expected .*cropinfrared 6"):
        fetch(upstream, tmp_path / "to", commit=head(tmp_path / "upstream"))
    assert not (tmp_path / "to" / "RoadScene").exists()
    fetch(upstream, tmp_path / "to")  # the pinned one is still whole


def test_a_branch_that_moves_is_followed_and_recorded(upstream: GitSource, tmp_path: Path) -> None:
    following = GitSource(
        folder="RoadScene", url=upstream.url, commit=None, counts=upstream.counts, megabytes=1
    )
    (tmp_path / "upstream" / "README.md").write_text("more words")
    subprocess.run([*GIT, "commit", "-qam", "words"], cwd=tmp_path / "upstream", check=True)
    folder = fetch(following, tmp_path / "to")
    assert json.loads((folder / RECORD).read_text())["commit"] == head(tmp_path / "upstream")
    assert head(tmp_path / "upstream") != upstream.commit


@pytest.mark.parametrize(
    ("mirror", "text"),
    [
        ("file:///no/such/place", "does not answer .*--mirror URL"),
        ("--upload-pack=touch pwned", "is not an address"),
        ("ext::sh -c touch% pwned", "is not an address"),
    ],
)
def test_an_address_that_does_not_answer_is_one_line(
    upstream: GitSource, tmp_path: Path, mirror: str, text: str
) -> None:
    with pytest.raises((ConfigError, FetchError), match=text) as caught:
        fetch(upstream, tmp_path / "to", mirror=mirror)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "to" / "RoadScene").exists()
    assert not list(tmp_path.rglob("pwned"))


def test_a_copy_may_be_a_path_and_know_no_filter(
    upstream: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(
        [*GIT, "config", "uploadpack.allowFilter", "false"], cwd=tmp_path / "upstream", check=True
    )
    monkeypatch.chdir(tmp_path)
    assert files(fetch(upstream, Path("to"), mirror="upstream")) == WANTED | {RECORD}
    other = GitSource(
        folder="RoadScene", url=upstream.url, commit="0" * 40, counts=upstream.counts, megabytes=1
    )
    with pytest.raises(FetchError, match=f"has no commit {'0' * 40};"):
        fetch(other, Path("elsewhere"))


def test_room_is_looked_at_first_and_one_call_works_at_a_time(
    upstream: GitSource, tmp_path: Path
) -> None:
    large = GitSource(
        folder="X", url="file:///no", commit=None, counts=upstream.counts, megabytes=10**9
    )
    with pytest.raises(FetchError, match=r"MB are free, fetching X takes 2500000000"):
        fetch(large, tmp_path / "deep" / "to")
    work = tmp_path / ".RoadScene.fetching-x"
    work.mkdir(mode=0o700)
    with (
        FileLock(work / "lock"),
        pytest.raises(BusyError, match="wait for it"),
    ):
        fetch(upstream, tmp_path)


def test_without_git_the_mend_is_said(
    upstream: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match="git: not installed"):
        fetch(upstream, tmp_path / "to")


def test_single_files_come_whole_and_a_stopped_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_files, "RETRIES", 0)

    def stop(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with served(tmp_path / "upstream") as (source, asked):
        with pytest.raises(KeyboardInterrupt):
            fetch(source, tmp_path / "to", step=stop)
        assert not (tmp_path / "to" / "TNO").exists()
        before = len(asked)
        folder = fetch(source, tmp_path / "to")
        assert len(asked) - before == len(source.files) - 5
    assert files(folder) == {*source.files, RECORD}
    with pytest.raises(FetchError, match=r"did not come .*--mirror URL"):
        fetch(source, tmp_path / "other")


def test_single_files_may_come_from_a_folder(tmp_path: Path) -> None:
    with served(tmp_path / "upstream") as (source, asked):
        folder = fetch(source, tmp_path / "to", mirror=str(tmp_path / "upstream"))
    assert files(folder) == {*source.files, RECORD}
    assert asked == []


@pytest.mark.parametrize("commit", ["-x", "main", "ab71420", "A" * 40, "--upload-pack=x"])
def test_what_is_no_commit_never_reaches_git(
    upstream: GitSource, tmp_path: Path, commit: str
) -> None:
    with pytest.raises(ConfigError, match="give all 40 hex digits"):
        fetch(upstream, tmp_path / "to", commit=commit)
    with pytest.raises(ConfigError, match="TNO is not fetched by git"):
        fetch(SOURCES["tno"], tmp_path / "to", commit=commit)


def test_single_files_of_other_contents_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_files, "RETRIES", 0)
    with served(tmp_path / "upstream") as (source, _):
        (tmp_path / "upstream" / "vi" / "FLIR_00002.png").write_bytes(b"an error page")
        with pytest.raises(FetchError, match=r"vi/FLIR_00002\.png has other contents"):
            fetch(source, tmp_path / "to")
    assert not (tmp_path / "to" / "TNO").exists()


def test_sources_are_those_of_known_sets() -> None:
    for name, source in SOURCES.items():
        facts = FACTS.get(name)
        official = sum(facts.counts.values())
        assert sum(source.counts.values()) == 2 * (official or 25)
        if isinstance(source, FileSource):
            assert len(source.files) == 50
            assert all(len(checksum) == 64 for checksum in source.files.values())


def test_the_checksums_are_those_of_the_shared_copy(shared: Path) -> None:
    lines = (shared / "data" / "MANIFEST.sha256").read_text().splitlines()
    known = {line.split()[1]: line.split()[0] for line in lines}
    source = SOURCES["tno"]
    assert isinstance(source, FileSource)
    for name, checksum in source.files.items():
        assert known[f"TNO/{name}"] == checksum


def test_the_command_fetches_and_verifies(
    upstream: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.data.sources.SOURCES", {"roadscene": upstream})
    monkeypatch.delenv("ABLATE_DATA", raising=False)
    done = typed("data", "fetch", "roadscene", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "RoadScene-mini: 6 pairs" in done.stdout
    assert "use it: data=roadscene data.root=data/RoadScene" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120
    done = typed("data", "fetch", "roadscene", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["pairs"] == 6
    done = typed("data", "fetch", "roadscene", "--to", "b", "--mirror", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("name", ["llvip", "m3fd", "fmb"])
def test_sets_given_out_by_hand_are_told_about(name: str, tmp_path: Path) -> None:
    done = typed("data", "fetch", name, cwd=tmp_path)
    assert done.returncode == 2
    for text in (FACTS.get(name).layout, "github.com", f"ablate data verify {name} FOLDER"):
        assert text in done.stdout
    assert not list(tmp_path.iterdir())


def test_an_unknown_set_is_named_with_the_nearest(tmp_path: Path) -> None:
    done = typed("data", "fetch", "roadscen", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'roadscene'?" in done.stderr


def planted(folder: Path, command: str) -> None:
    """Leave a working folder whose configuration has git run a command."""
    (folder / "git").mkdir(parents=True)
    subprocess.run([*GIT, "init", "-q", "--bare", "."], cwd=folder / "git", check=True)
    with (folder / "git" / "config").open("a") as file:
        file.write(
            f"[core]\n fsmonitor = {command}\n sshCommand = {command}\n"
            f'[remote "origin"]\n uploadpack = {command}\n url = x\n vcs = x\n'
        )
    hook = folder / "git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{command}\n")
    hook.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "mode"), [("", 0o755), ("-abc", 0o755), ("-abc", 0o770), ("-abc", 0o700)]
)
def test_a_working_folder_that_somebody_left_runs_nothing(
    upstream: GitSource, tmp_path: Path, name: str, mode: int
) -> None:
    work = tmp_path / "to" / f".RoadScene.fetching{name}"
    planted(work, f"touch {tmp_path / 'ran'}")
    work.chmod(mode)
    fetch(upstream, tmp_path / "to")
    assert not (tmp_path / "ran").exists()


def test_a_configuration_of_the_user_runs_nothing_in_a_fetch(
    upstream: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "reference-transaction").write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    (hooks / "reference-transaction").chmod(0o755)
    (tmp_path / "config").write_text(f"[core]\n hooksPath = {hooks}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {tmp_path / 'ran'}")
    fetch(upstream, tmp_path / "to")
    assert not (tmp_path / "ran").exists()


def test_the_working_folder_is_the_users_alone(
    upstream: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    fetch(
        upstream,
        tmp_path / "to",
        step=lambda *_: modes.append(working_folder(tmp_path / "to").stat().st_mode & 0o777),
    )
    assert set(modes) == {0o700}


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "a/./b", ""])
def test_no_path_of_a_repository_leaves_the_folder(name: str) -> None:
    assert not git_files.is_below(name)


def test_a_redirect_to_another_host_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_files, "RETRIES", 0)  # which wait for seconds

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            port = self.connection.getsockname()[1]
            place = f"http://localhost:{port}/x" if "away" in self.path else "/again"
            self.send_header("location", place)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        for name, why in (("away", "redirected to another host"), ("loop", "again and again")):
            with pytest.raises(FetchError, match=why):
                single_files.fetch(
                    {name: "0" * 64}, url=url, folder=tmp_path / name, step=lambda *_: None
                )
        server.shutdown()


def test_a_file_over_the_bound_is_refused_before_it_is_unpacked(
    upstream: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "upstream" / "cropinfrared" / "FLIR_00002.png"
    large.write_bytes(bytes(100_000))  # packs to nearly nothing
    subprocess.run([*GIT, "commit", "-qam", "large"], cwd=tmp_path / "upstream", check=True)
    for module in ("fetching", "git_files"):
        monkeypatch.setattr(f"ablate.data.{module}.MOST_BYTES", 99_999)
    with pytest.raises(
        FetchError, match=r"FLIR_00002\.png has 100,000 bytes, more than 99,999; name"
    ):
        fetch(upstream, tmp_path / "to", commit=head(tmp_path / "upstream"))
    assert list((tmp_path / "to").iterdir()) == []
    assert fetch(upstream, tmp_path / "to").is_dir()


def test_blobs_are_unpacked_few_enough_to_be_held_in_memory(
    upstream: GitSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_files, "MOST_BYTES", 1000)  # about one picture
    folder = fetch(upstream, tmp_path / "to")
    assert files(folder) == WANTED | {RECORD}


@pytest.mark.parametrize("is_copied", [False, True])
def test_a_single_file_over_the_bound_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_copied: bool
) -> None:
    monkeypatch.setattr(single_files, "MOST_BYTES", 50)
    mirror = str(tmp_path / "mirror") if is_copied else None
    said = r"did not come \(it has more than 50 bytes\)"
    with served(tmp_path / "mirror") as (source, _), pytest.raises(FetchError, match=said):
        fetch(source, tmp_path / "to", mirror=mirror)
    assert list((tmp_path / "to").iterdir()) == []
