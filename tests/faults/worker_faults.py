"""Faults of workers, and of what is delivered to them."""

import signal

from tests.faults.trial import Size, Trial

MOST_WORKERS = 3


def kill_workers(trial: Trial, size: Size) -> None:
    """Two workers share the work; one or the other is killed, and another starts in its place."""
    trial.start(2)
    for _ in trial.moments():
        trial.kill(trial.any_worker())
        trial.add_worker()


def rebalance(trial: Trial, size: Size) -> None:
    """One to three workers share the work: one joins, or one leaves."""
    trial.start(1)
    for _ in trial.moments():
        joins = len(trial.workers) == 1 or (len(trial.workers) < MOST_WORKERS and trial.random.random() < 0.5)
        if joins:
            trial.strike(f"{trial.add_worker().name} joins")
        else:
            trial.remove(trial.ready_worker())


def terminate(trial: Trial, size: Size) -> None:
    """A worker is told to end in the middle of a backlog, and another starts when it has ended."""
    trial.start(2)
    portions = trial.portions(size.faults + 1)
    for portion in portions[:-1]:
        trial.send(portion)
        trial.wait_busy()
        trial.remove(trial.ready_worker())
        trial.struck_times += 1
        trial.add_worker()
    trial.send(portions[-1])


def deliver_twice(trial: Trial, size: Size) -> None:
    """Every event comes a second time, in another order, and between the two the worker is killed."""
    trial.start(1)
    for portion in trial.portions(size.faults):
        trial.send(portion)
        trial.wait_sent()
        trial.pause(1.0)
        trial.kill(trial.any_worker())
        trial.struck_times += 1
        trial.add_worker()
        again = list(portion)
        trial.random.shuffle(again)
        trial.send(again)


def freeze_worker(trial: Trial, size: Size) -> None:
    """A worker stands still until others have its partitions, and then wakes up in the middle of its work."""
    trial.start(2)
    for _ in trial.moments():
        worker = trial.any_worker()
        worker.signal(signal.SIGSTOP)
        trial.pause_while(size.seconds, f"{worker.name} stands still")
        worker.signal(signal.SIGCONT)
        trial.strike(f"{worker.name} goes on")
