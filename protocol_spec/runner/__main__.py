"""Hold an implementation to all scenarios: python -m protocol_spec.runner COMMAND..."""

import argparse
import sys

from protocol_spec.runner.judge import ScenarioFailedError, run
from protocol_spec.runner.scenario import all_scenarios
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
    failed = 0
    for scenario in chosen:
        try:
            with SubprocessAdapter(args.command) as adapter:
                run(scenario, adapter)
            print(f"ok      {scenario.name}")
        except (ScenarioFailedError, AdapterDiedError) as error:
            failed += 1
            print(f"FAILED  {scenario.name}: {error}")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
