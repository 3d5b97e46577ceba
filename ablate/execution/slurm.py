"""Workers as jobs of Slurm, through submitit (extra `slurm`).

The queue decides where and when a worker runs; a job serves many runs, as long as its time lasts.
A job that gets a warning (its time is nearly over, or it is preempted) saves its run, which goes on
in another job that the driver submits for it.
"""

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ablate.errors import ClusterError, with_extra
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.execution.remote import Remote, work_for
from ablate.execution.secret import own_folder
from ablate.execution.serving import Notice
from ablate.settings.executor import LEASE_S, LOGS, MINUTES, SlurmSettings

logger = logging.getLogger(__name__)
WARNED_S = 120  # before the time of a job is over
MOST_STARTS = 5  # jobs in a row that ended before their worker connected
SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)


@EXECUTORS.register("slurm", settings=SlurmSettings)
class OnSlurm(Remote):
    """`slots` jobs of one array; a job that ends is replaced as long as there are runs.

    Args:
        decide: Says whether a run stops at a rung; the others are those of `SlurmSettings`.
    """

    def __init__(
        self,
        *,
        decide: Decide,
        slots: int = 1,
        lease_s: float = LEASE_S,
        host: str | None = None,
        cpus: int = 1,
        gpus: int | None = None,
        memory_mib: int | None = None,
        minutes: int = MINUTES,
        partition: str | None = None,
        account: str | None = None,
        cluster: str = "slurm",
        logs: str = LOGS,
        secret: str | None = None,
    ) -> None:
        submitit = _library()
        folder = own_folder(Path(logs))  # what lies there is run as this user
        try:
            self._executor = submitit.AutoExecutor(folder=str(folder), cluster=cluster)
        except (RuntimeError, ValueError) as error:
            raise ClusterError(
                f"executor.cluster: {cluster}: {error}; type this where sbatch is found"
            ) from error
        wanted = {
            "name": "ablate",
            "timeout_min": minutes,
            "cpus_per_task": cpus,
            "gpus_per_node": gpus,
            "mem_gb": memory_mib and memory_mib / 1024,
            "slurm_partition": partition,
            "slurm_account": account,
            "slurm_signal_delay_s": WARNED_S,
        }
        self._executor.update_parameters(**{k: v for k, v in wanted.items() if v is not None})
        self._jobs: dict[str, Any] = {}
        self._failed = 0
        super().__init__(
            decide=decide,
            slots=slots,
            lease_s=lease_s,
            host=host or ("127.0.0.1" if cluster == "local" else _own_address()),
            secret=secret,
            folder=folder,
        )

    def _launch_all(self, tokens: Sequence[str]) -> None:
        with _refused(), self._executor.batch():  # one array
            jobs = [self._submit(token) for token in tokens]
        self._jobs |= dict(zip(tokens, jobs, strict=True))

    def _launch(self, token: str) -> None:
        with _refused():
            self._jobs[token] = self._submit(token)

    def _submit(self, token: str) -> Any:
        return self._executor.submit(
            work_in_a_job, self._server.address, self._secret, token=token, project=self._project
        )

    def _stop(self, token: str) -> None:
        with contextlib.suppress(Exception):  # the queue does not answer, or knows it no more
            self._jobs.pop(token).cancel(check=False)

    def _check_pending(self) -> None:
        """Replace jobs that ended before their worker connected; give up after some in a row."""
        if self._workers:
            self._failed = 0
        for token in [one for one in self._pending if self._jobs[one].done()]:
            job = self._jobs[token]
            self._failed += 1
            why = _last_line(job.stderr()) or f"it ended as {job.state}"
            if self._failed >= MOST_STARTS:
                raise ClusterError(
                    f"executor slurm: {self._failed} jobs in a row did not start a worker: {why}; "
                    f"see {job.paths.stderr}"
                )
            logger.warning(
                "job %s ended before its worker connected (%s); another is submitted",
                job.job_id,
                why,
            )
            self._pending.discard(token)
            self._stop(token)
            self._start_worker()


def work_in_a_job(address: tuple[str, int], secret: str, *, token: str, project: str) -> None:
    """Work for the driver in a thread, so that signals of the queue reach the main one at once."""
    notice = Notice()
    for one in SIGNALS:
        signal.signal(one, lambda *_: notice.give("its job has to end"))
    thread = threading.Thread(
        target=work_for,
        args=(address, secret),
        kwargs={"token": token, "project": project, "notice": notice},
        daemon=True,
    )
    thread.start()
    while thread.is_alive() and not notice.event.is_set():
        thread.join(0.2)
    if notice.event.is_set():
        thread.join(WARNED_S)  # an idle worker waits for the driver, which lets it go


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Turn the queue's refusal of a job into one line.

    Raises:
        ClusterError: It takes none.
    """
    from submitit.core.utils import FailedJobError

    try:
        yield
    except FailedJobError as error:
        raise ClusterError(
            f"executor slurm: sbatch takes no job: {_last_line(str(error))}; see that the queue "
            "answers (sinfo) and has what executor asks for"
        ) from error


def _own_address() -> str:
    name = socket.getfqdn()
    try:
        return socket.gethostbyname(name)
    except OSError as error:
        raise ClusterError(
            f"executor.host: {name} has no address ({error.strerror or error}); name the one of "
            "this machine that the nodes reach"
        ) from error


def _last_line(text: str | None) -> str:
    lines = (text or "").strip().split("\n")
    return lines[-1].strip()


def _library() -> Any:
    try:
        import submitit
    except ImportError as error:
        raise ClusterError(
            f"executor slurm: submitit is not installed; install it with: {with_extra('slurm')}"
        ) from error
    logging.getLogger("submitit").setLevel(logging.ERROR)  # a queue without accounting, every look
    return submitit
