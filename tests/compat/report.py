"""What comes of a suite that both servers ran: a table, and what differs without a reason."""

import collections
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "compat"
DIFFERENCES = ROOT / "docs" / "differences.md"
# Of what redis-server passes.
GOAL = 0.97

# Of one file: names of tests, as often as they ran, and what ended it early.
Outcome = collections.namedtuple("Outcome", ["passed", "notes"])


def missing(here, there):
    """What passes there and not here."""
    left = collections.Counter(here.passed)
    for name in there.passed:
        if left[name]:
            left[name] -= 1
        else:
            yield name


def conclude(results):
    """Prints the table of {file: (here, there)}; ends the program if the goal is missed, or if a test that
    does not pass is not in docs/differences.md."""
    print(f"\n{'file':32} {'Headcount':>9} {'Redis':>6}  of Redis's")
    differences = DIFFERENCES.read_text() if DIFFERENCES.exists() else ""
    passed = wanted = 0
    unexplained = []
    for file, (here, there) in results.items():
        lacking = list(missing(here, there))
        unexplained += [f"{file}: {name}" for name in lacking if name not in differences]
        common, all_of_it = len(there.passed) - len(lacking), len(there.passed)
        passed, wanted = passed + common, wanted + all_of_it
        part = f"{common / all_of_it:8.1%}" if all_of_it else "       -"
        print(f"{file:32} {common:9} {all_of_it:6}  {part} {'; '.join(here.notes)[:80]}")
    part = passed / max(wanted, 1)
    print(f"{'all':32} {passed:9} {wanted:6}  {part:8.1%}")
    for line in unexplained:
        print(f"not in docs/differences.md: {line}")
    if part < GOAL or unexplained:
        raise SystemExit(f"{part:.1%} pass, the goal is {GOAL:.0%}; {len(unexplained)} unexplained")
