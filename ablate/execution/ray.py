"""Workers that Ray places, on one machine or on all machines of a cluster (extra `ray`).

Ray decides where a worker runs and counts processors and parts of devices; everything else is as
with other remote workers (see `remote`). No object passes through its object store.
"""

import logging
import re
import signal
import socket
import threading
from pathlib import Path
from typing import Any

from ablate.errors import ClusterError, with_extra
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.execution.remote import Remote, work_for
from ablate.settings.executor import LEASE_S, RaySettings

logger = logging.getLogger(__name__)
ANSWER_S = 10.0
LOOPBACK = "127.0.0.1"
FOLDER = "ablate-ray"  # of a driver's secret, where the nodes share the project's folder
MOST_STARTS = 5  # workers in a row that ended before they connected


@EXECUTORS.register("ray", settings=RaySettings)
class OnRay(Remote):
    """`slots` workers as tasks of Ray; one on a machine that is lost is replaced on another.

    Args:
        decide: Says whether a run stops at a rung; the others are those of `RaySettings`.
    """

    def __init__(
        self,
        *,
        decide: Decide,
        slots: int = 1,
        lease_s: float = LEASE_S,
        address: str | None = None,
        host: str | None = None,
        cpus: float = 1.0,
        gpus: float = 0.0,
        memory_mib: int | None = None,
        secret: str | None = None,
    ) -> None:
        self._ray = _library()
        _connect(self._ray, address)
        more = {} if memory_mib is None else {"memory": memory_mib * 2**20}
        self._task = self._ray.remote(
            num_cpus=cpus, num_gpus=gpus, max_retries=0, max_calls=1, **more
        )(work_for)
        self._tasks: dict[str, Any] = {}
        self._failed = 0
        super().__init__(
            decide=decide,
            slots=slots,
            lease_s=lease_s,
            host=host or (self._ray.util.get_node_ip_address() if address else LOOPBACK),
            secret=secret,
            folder=Path(FOLDER) if address else None,
        )

    def close(self) -> None:
        """End every worker, and leave the cluster."""
        super().close()
        self._ray.shutdown()

    def _launch(self, token: str) -> None:
        self._tasks[token] = self._task.remote(
            self._server.address, self._secret, token=token, project=self._project
        )

    def _stop(self, token: str) -> None:
        self._ray.cancel(self._tasks.pop(token), force=True)

    def _check_pending(self) -> None:
        """Replace workers that ended before they connected; give up after some in a row."""
        if self._workers:
            self._failed = 0
        pending = {self._tasks[token]: token for token in self._pending}
        ended, _ = (
            self._ray.wait(list(pending), num_returns=len(pending), timeout=0)
            if pending
            else ([], [])
        )
        for task in ended:
            token = pending[task]
            try:
                self._ray.get(task)
                why = "it ended"
            except self._ray.exceptions.RayError as error:
                why = str(getattr(error, "cause", None) or error).strip().split("\n")[-1]
            self._failed += 1
            if self._failed >= MOST_STARTS:
                raise ClusterError(
                    f"executor ray: {self._failed} workers in a row did not start: {why}; see that "
                    "ablate and its plug-ins are installed on every node"
                )
            logger.warning("a worker ended before it connected (%s); another is started", why)
            self._pending.discard(token)
            del self._tasks[token]
            self._start_worker()


def _connect(ray: Any, address: str | None) -> None:
    """Enter the cluster, or make one of this machine alone.

    Raises:
        ClusterError: There is none at the address.
    """
    alone = {} if address else {"include_dashboard": False}
    ending = signal.getsignal(signal.SIGTERM)
    try:
        if address and (found := re.fullmatch(r"(?:ray://)?([^:/]+):(\d+)", address)):
            socket.create_connection((found[1], int(found[2])), timeout=ANSWER_S).close()
        ray.init(
            address=address,
            ignore_reinit_error=True,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
            **alone,
        )
    except (OSError, ValueError, RuntimeError) as error:
        first = str(error).split("\n", 1)[0]
        raise ClusterError(
            f"executor.address: no Ray cluster at {address}: {first}; start one (ray start "
            "--head), or leave the address out for a cluster of this machine alone"
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, ending)  # which Ray takes for itself


def _library() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            f"executor ray: Ray is not installed; install it with: {with_extra('ray')}"
        ) from error
    return ray
