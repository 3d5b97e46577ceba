"""A real Slurm of one node on this machine: munged, slurmctld and slurmd, without systemd."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel", "squeue")
CONFIGURATION = """
ClusterName=ablate
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,requeue_delay=1
SlurmdParameters=config_overrides
JobRequeue=1
ReturnToService=2
KillWait=10
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def reason_against() -> str:
    """Return why none can be started here, "" where one can."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    absent = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    if absent:
        return f"{', '.join(absent)} not found (Debian: apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "Slurm is started by root only"


class Queue:
    """A queue with one node of eight processors, however many there are.

    Args:
        patience_s: For the node to be idle.
    """

    def __init__(self, *, patience_s: float = 60.0) -> None:
        if why := reason_against():
            pytest.skip(why)
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.folder.chmod(0o755)  # munged looks at it
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        self.conf = self.folder / "slurm.conf"
        self.conf.write_text(
            CONFIGURATION.format(folder=self.folder, host=socket.gethostname(), ports=_two_ports())
        )
        self._do(
            "munged",
            "--force",
            f"--key-file={key}",
            f"--socket={self.folder}/munge.sock",
            f"--pid-file={self.folder}/munged.pid",
            f"--seed-file={self.folder}/munge.seed",
            f"--log-file={self.folder}/munged.log",
        )
        self._do("slurmctld", "-c")
        self._do("slurmd", "-c")
        deadline = time.monotonic() + patience_s
        while "idle" not in self.say("sinfo", "--noheader", "--format=%t"):
            if time.monotonic() > deadline:
                said = "".join(path.read_text() for path in sorted(self.folder.glob("slurm*.log")))
                self.close()
                pytest.skip(f"Slurm was started and its node is not idle: {said[-500:]}")
            time.sleep(0.2)

    def say(self, *command: str) -> str:
        """Return what a command of Slurm answers, "" where the controller does not yet."""
        done = subprocess.run(
            command, env=self._env(), capture_output=True, text=True, check=False, timeout=30
        )
        return done.stdout if done.returncode == 0 else ""

    def jobs(self) -> list[str]:
        """Return the numbers of the jobs that run."""
        return self.say("squeue", "--noheader", "--states=R", "--format=%A").split()

    def close(self) -> None:
        """End jobs and daemons, and remove what they wrote."""
        self.say("scancel", "--user=root")
        deadline = time.monotonic() + 15
        while self.say("squeue", "--noheader") and time.monotonic() < deadline:
            time.sleep(0.2)
        for name in ("slurmd", "slurmctld", "munged"):
            try:
                os.kill(int((self.folder / f"{name}.pid").read_text()), signal.SIGTERM)
            except (OSError, ValueError):
                continue
        time.sleep(0.5)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _env(self) -> dict[str, str]:
        return {
            **os.environ,
            "SLURM_CONF": str(self.conf),
            "PATH": os.pathsep.join((os.environ["PATH"], "/usr/sbin")),
        }

    def _do(self, *command: str) -> None:
        with (self.folder / "said").open("ab") as log:  # no pipe: a daemon would keep it open
            done = subprocess.run(command, env=self._env(), stdout=log, stderr=log, check=False)
        assert done.returncode == 0, (self.folder / "said").read_text()[-2000:]


def _two_ports() -> list[int]:
    """Return two free ports; they may be taken until the daemons take them."""
    with socket.socket() as one, socket.socket() as other:
        for asked in (one, other):
            asked.bind(("127.0.0.1", 0))
        return [int(asked.getsockname()[1]) for asked in (one, other)]
