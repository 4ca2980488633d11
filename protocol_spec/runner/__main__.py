"""Hold an implementation to all scenarios: python -m protocol_spec.runner COMMAND..."""

import argparse
import sys
from contextlib import ExitStack

from protocol_spec.runner.judge import ScenarioFailedError, run
from protocol_spec.runner.scenario import Scenario, all_scenarios
from protocol_spec.runner.subprocess_adapter import AdapterDiedError, SubprocessAdapter


def main(argv: list[str] | None = None) -> int:
    """Run the scenarios; return 1 when the implementation fails one."""
    parser = argparse.ArgumentParser(prog="protocol_spec.runner", description=__doc__)
    parser.add_argument("--only", default="", help="run the scenarios whose name contains this")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="starts the adapter")
    args = parser.parse_args(argv)
    if not args.command:
        parser.error("which command starts the adapter?")
    chosen = [scenario for scenario in all_scenarios() if args.only in scenario.name]
    failed = _count_failed(chosen, args.command)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


def _count_failed(scenarios: list[Scenario], command: list[str]) -> int:
    """Run the scenarios in one process; a new one follows where it died."""
    failed = 0
    with ExitStack() as stack:
        adapter: SubprocessAdapter | None = None
        for scenario in scenarios:
            if adapter is None:
                adapter = stack.enter_context(SubprocessAdapter(command))
            try:
                run(scenario, adapter)
                print(f"ok      {scenario.name}")
            except (ScenarioFailedError, AdapterDiedError) as error:
                failed += 1
                print(f"FAILED  {scenario.name}: {error}")
                stack.close()
                adapter = None
    return failed


if __name__ == "__main__":
    sys.exit(main())
