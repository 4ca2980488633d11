#!/bin/sh
# Print all tables of docs/performance.md in their order, and draw its picture; about 15 minutes.
# Run it as root in the repository, with nothing else at work: sh tests/bench/tables.sh
set -e
python=${PYTHON:-.venv/bin/python}
costs=$(mktemp)
trap 'rm -f "$costs"' EXIT

first() { # before other work
	chrt -r 1 "$@"
}
relay() {
	first "$python" -m packhorse bench relay "$@"
}
bench() {
	first "$python" -m pytest -q -m bench -s --timeout 600 "$@"
}

echo "== Bursts; 5,000 a second"
relay --against coturn,c,plain --load burst,single --runs 7
echo "== Fan-out"
relay --load fan-out --runs 5
echo "== Growth"
bench tests/bench/test_growth_over_sockets.py
bench tests/bench/test_growth.py
echo "== By rate; by members"
relay --against coturn,c --load rates,members --runs 3 --json > "$costs"
"$python" -m tests.bench.plot_costs "$costs" docs/images/relay-costs.svg
echo "== Between networks"
bench tests/bench/test_kernel_rates.py
echo "== In the kernel"
bench tests/bench/test_kernel_cost.py
