"""Ways in which a process ends without anybody calling shutdown(); each leaves a span behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time

from opentelemetry import trace

from e2e.apps.telemetry import start_guarded
from e2e.planted import EMAIL


def record(name: str) -> None:
    """Record one span, planted."""
    with trace.get_tracer("e2e").start_as_current_span(name) as span:
        span.set_attribute("note", f"mail to {EMAIL}")


def in_spawned_child(name: str) -> None:
    """Start anew, as a spawned child must, and record."""
    start_guarded()
    record(name)


def at_exit() -> None:
    """End by coming to the end of the program."""
    start_guarded()
    record("at-exit")


def at_error() -> None:
    """End by an exception that nobody catches."""
    start_guarded()
    record("at-error")
    sys.exit("deliberately")


def at_sigterm() -> None:
    """Wait to be terminated, with the hook that the documentation gives."""
    start_guarded().flush_on_sigterm()
    record("at-sigterm")
    print("ready", flush=True)
    signal.pause()


def in_forked_process() -> None:
    """Record in the parent, then in a child of multiprocessing's fork method."""
    start_guarded()
    record("parent")
    child = multiprocessing.get_context("fork").Process(target=record, args=("forked",))
    child.start()
    child.join()
    sys.exit(child.exitcode)


def in_spawned_process() -> None:
    """Record in the parent, then in a child of multiprocessing's spawn method."""
    start_guarded()
    record("parent")
    child = multiprocessing.get_context("spawn").Process(target=in_spawned_child, args=("spawned",))
    child.start()
    child.join()
    sys.exit(child.exitcode)


def in_bare_fork() -> None:
    """Record on both sides of os.fork; the child leaves as a program does, not by os._exit."""
    start_guarded()
    record("parent")
    child = os.fork()
    if child == 0:
        record("forked")
        return
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


def in_many_forks() -> None:
    """Fork while another thread records: no lock that it held may stay locked in the child."""
    import threading

    start_guarded()
    stopped = threading.Event()

    def keep_recording() -> None:
        while not stopped.is_set():
            record("busy")
            time.sleep(0.0005)

    thread = threading.Thread(target=keep_recording)
    thread.start()
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=record, args=(f"forked-{n}",)) for n in range(8)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    stopped.set()
    thread.join()
    sys.exit(any(child.exitcode != 0 for child in children))


def in_greenlets() -> None:
    """Record in greenlets of gevent, whose patched threads and locks the guard then has."""
    from gevent import joinall, monkey, spawn

    monkey.patch_all()
    start_guarded()
    joinall([spawn(record, f"greenlet-{number}") for number in range(4)], raise_error=True)


def when_frozen() -> None:
    """Flush before each freeze, as a handler of Lambda must, and go on after it."""
    guard = start_guarded()
    for number in range(2):
        record(f"invocation-{number}")
        assert guard.force_flush(60_000)
        print("idle", flush=True)
        sys.stdin.readline()


LIVES = {
    life.__name__: life
    for life in (
        at_exit,
        at_error,
        at_sigterm,
        in_forked_process,
        in_spawned_process,
        in_bare_fork,
        in_many_forks,
        in_greenlets,
        when_frozen,
    )
}

if __name__ == "__main__":
    LIVES[sys.argv[1]]()
