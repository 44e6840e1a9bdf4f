"""JAX's coordination service in a process of its own: python coordinator.py ADDRESS COUNT.

In the first process of a run, as JAX has it, it would die with that process, and JAX would end all
others by an abort. Here it outlives that process for a while, in which they learn what happened. It
ends when its standard input does: soon where that said that all are done, or that the others were
told.
"""

import os
import signal
import socket
import sys
import time

GRACE_SECONDS = {"done": 0.5, "told": 5.0, "": 40.0}
"""For which it outlives the first process, by its last word; without one the others must miss it
first."""
PORT_SECONDS = 60.0
"""For which it waits for its port, which the service of a run that was killed may still hold."""


def main(address: str, count: str) -> None:
    """Serves until the process that started it ends; prints "ready" when others may connect."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):  # are sent to whole groups
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    _wait_for(int(address.rsplit(":", 1)[1]))
    from jaxlib import _jax

    service = _jax.get_distributed_runtime_service(
        address, int(count), heartbeat_timeout=60, shutdown_timeout=5, recoverable=True
    )
    print("ready", flush=True)
    time.sleep(GRACE_SECONDS.get(sys.stdin.read(), GRACE_SECONDS[""]))
    del service
    os._exit(0)


def _wait_for(port: int) -> None:
    """Returns when nobody else listens: gRPC would share the port with them. Raises `OSError`."""
    end = time.monotonic() + PORT_SECONDS
    while True:
        with socket.socket(socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after one that ended
            try:
                probe.bind(("", port))
                return probe.listen()
            except OSError:
                if time.monotonic() > end:
                    raise
        time.sleep(1)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        print(error, flush=True)
        sys.exit(1)
