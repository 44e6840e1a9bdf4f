"""Runs the tiny experiment in a process of its own:

    python tests/trainer.py WORKDIR [field=value ...]

With `--kill-at=N` the process kills itself, as `kill -9` does, at the first call that ends at or
after step N, and with `--kill-after-save=N` when the checkpoint of step N is on disk. With
`--process=I,N,PORT` it is process I of N, whose clock runs at a speed of its own. Prints the digest
of its last state. With `--hang-in=data|compile|loop` it hangs there for a minute; with
`--curves=` it draws losses.png, and with `--clock-back=N` its clock is N days slow.
"""

import ctypes
import hashlib
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
from conftest import tiny_config

from gan_jax import config, data, train
from gan_jax.devices import hosts, parallel
from gan_jax.errors import UserError
from gan_jax.run import curves
from gan_jax.run.checkpoint import Checkpoints
from gan_jax.run.hooks import FirstProcessHooks
from gan_jax.run.interrupts import EXIT_CODE, Interrupts
from gan_jax.run.intervals import Pace
from gan_jax.system import console


def main(workdir, *arguments):
    options = dict(a[2:].split("=", 1) for a in arguments if a.startswith("--"))
    changes = dict(a.split("=", 1) for a in arguments if not a.startswith("--"))
    if "process" in options:
        index, count, port = map(int, options["process"].split(","))
        hosts.connect(f"127.0.0.1:{port}", count, index)
        print("connected", flush=True)
        train.time = SimpleNamespace(perf_counter=lambda: time.perf_counter() / (1 + 9 * index))
        Pace.CALL_SECONDS = 0.1
    if "kill-at" in options:
        kill_at(int(options["kill-at"]))
    if "kill-after-save" in options:
        kill_after_save(int(options["kill-after-save"]))
    if "clock-back" in options:
        days, now = int(options["clock-back"]), time.time
        time.time = lambda: now() - 86_400 * days
    if "curves" not in options:  # they take as long as all else
        curves.write = lambda path, rows: None
    if "hang-in" in options:
        hang_in(options["hang-in"], Path(workdir))
    console.install()
    with Interrupts(ends_process=True) as interrupts:
        try:
            with hosts.ending_together():
                state = train.run(config.override(tiny_config(), changes), workdir, interrupts)
                hosts.disconnect()
        except UserError as error:
            print(f"gan_jax: {error}", file=sys.stderr)
            sys.exit(error.exit_code)
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(jax.device_get(state))]
    print("state", hashlib.sha256(b"".join(leaf.tobytes() for leaf in leaves)).hexdigest())
    if "save" in options and jax.process_index() == 0:
        np.savez(options["save"], *leaves)
    if interrupts.stopped_by:
        sys.exit(EXIT_CODE)


def kill_at(step):
    call = FirstProcessHooks.__call__

    def call_or_die(self, now, outcome):
        if now >= step:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(self, now, outcome)

    FirstProcessHooks.__call__ = call_or_die


def hang_in(place, workdir):
    """Loading the data, or compiling, takes a minute; a file tells that it has begun."""

    def hang(*_arguments):
        workdir.mkdir(exist_ok=True)
        (workdir / "hanging").touch()
        if place == "loop":  # as a long compilation or a long step: no Python in the main thread
            ctypes.CDLL(None).sleep(60)
        time.sleep(60)

    if place == "data":
        data.load = hang
    elif place == "compile":
        parallel.many_steps = lambda *_arguments: hang
    else:
        FirstProcessHooks.__call__ = hang


def kill_after_save(step):
    save = Checkpoints.save

    def save_and_die(self, now, **items):
        save(self, now, **items)
        if now == step:
            self.wait()
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoints.save = save_and_die


if __name__ == "__main__":
    main(*sys.argv[1:])
