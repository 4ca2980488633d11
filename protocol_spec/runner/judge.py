"""Compares what an implementation did with what a scenario expects."""

from typing import Any, Final

from protocol_spec.runner import payloads
from protocol_spec.runner.driver import Adapter, Driver, RunawayError, Sent
from protocol_spec.runner.payloads import Node
from protocol_spec.runner.scenario import Scenario, Step

_TOLERANCE: Final = 1.0  # ms, for times and delays
_SHOWN: Final = 3000  # characters of a complaint


class ScenarioFailedError(Exception):
    """An implementation did not do what a scenario expects."""


def run(scenario: Scenario, adapter: Adapter) -> None:
    """Play a scenario from its start to its end.

    Raises:
        ScenarioFailedError: The implementation does not do what it expects.
    """
    driver = Driver(adapter, scenario.settings)
    for index, step in enumerate(scenario.steps, 1):
        try:
            driver.advance(step.at_ms)
            driver.act(step)
        except RunawayError as error:
            raise _failed(scenario, index, step, [str(error)]) from None
        complaints = judge(step, driver)
        if complaints:
            raise _failed(scenario, index, step, complaints)
        driver.forget()


def judge(step: Step, driver: Driver) -> list[str]:
    """Return what differs; nothing when all is as expected."""
    complaints: list[str] = []
    expected = step.expected
    if "totals" in expected:
        complaints += _judge_totals(expected["totals"], driver)
    if "totals" not in expected or "sent" in expected:
        complaints += _judge_sent("sent", expected.get("sent", []), driver.sent)
    complaints += _judge_sent("sent_to_all", expected.get("sent_to_all", []), driver.sent_to_all)
    if "totals" not in expected or "delivered" in expected:
        wanted = [_delivered(message) for message in expected.get("delivered", [])]
        if wanted != driver.delivered:
            complaints.append(f"delivered {driver.delivered}, not {wanted}")
    drop = expected.get("drop", [])
    drops = [drop] if isinstance(drop, str) else drop
    if drops != driver.drops:
        complaints.append(f"dropped for {driver.drops}, not for {drops}")
    if "next_ms" in expected:
        complaints += _judge_time(expected["next_ms"], driver.next_ms)
    return complaints


def _failed(
    scenario: Scenario, index: int, step: Step, complaints: list[str]
) -> ScenarioFailedError:
    listed = "".join(f"\n  - {complaint[:_SHOWN]}" for complaint in complaints)
    place = f"step {index} at {step.at_ms} ms ({step.action or 'only time passes'})"
    return ScenarioFailedError(f"{scenario.name}: {scenario.title}: {place}{listed}")


def _delivered(message: dict[str, str]) -> dict[str, str]:
    data = payloads.content_of(message, "data").hex()
    return {"mode": message["mode"], "channel": message.get("channel", "0"), "data": data}


def _judge_totals(expected: dict[str, str], driver: Driver) -> list[str]:
    found = {
        "datagrams": len(driver.sent),
        "bytes": sum(len(sent.payload) for sent in driver.sent),
        "delivered": len(driver.delivered),
        "datagrams_so_far": driver.datagrams_so_far,
        "bytes_so_far": driver.bytes_so_far,
    }
    return [
        f"{found[name]} {name}, not {wanted}"
        for name, wanted in expected.items()
        if not _is_within(found[name], wanted)
    ]


def _is_within(number: int, wanted: str) -> bool:
    least, _, most = wanted.partition("..")
    return int(least) <= number <= int(most or least)


def _judge_time(expected: str, found: float | None) -> list[str]:
    if expected == "none" or found is None:
        is_right = expected == "none" and found is None
    else:
        is_right = abs(int(expected) - found) <= _TOLERANCE
    return [] if is_right else [f"wants to be woken at {found} ms, not at {expected}"]


def _judge_sent(what: str, expected: list[Any], found: list[Sent]) -> list[str]:
    complaints = []
    decoded: list[payloads.Fields] = []
    for sent in found:
        try:
            decoded.append(payloads.decode(sent.payload) | {"at_ms": str(sent.at_ms)})
        except payloads.PayloadError as error:
            complaints.append(f"{what}: {error}")
    if len(expected) != len(found):
        complaints.append(f"{what} {decoded}, not {expected}")
    elif not complaints:
        for wanted, fields in zip(expected, decoded, strict=True):
            complaints += _differences(what, _wanted(wanted), fields)
    return complaints


def _wanted(entry: str | payloads.Fields) -> payloads.Fields:
    """Return what a sent payload must hold; bytes mean all that they decode to."""
    if isinstance(entry, str):
        absent = {"ack": "none", "credit": "none", "ping": "none"}
        return absent | payloads.decode(bytes.fromhex(entry))
    fields: payloads.Fields = dict(entry)
    if isinstance(fields.get("messages"), list):
        fields["messages"] = [_wanted_message(message) for message in fields["messages"]]
    return fields


def _wanted_message(message: payloads.Fields) -> payloads.Fields:
    rest = {name: value for name, value in message.items() if name != "size"}
    if "size" in message:
        rest["payload"] = payloads.content_of(message, "payload").hex()
    return rest


def _differences(place: str, wanted: Node, found: Node) -> list[str]:
    """Return where `found` lacks what is wanted; it may hold more."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            complaint
            for name, value in wanted.items()
            for complaint in _field_differences(f"{place}.{name}", name, value, found)
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return [
            complaint
            for index, (value, other) in pairs
            for complaint in _differences(f"{place}[{index}]", value, other)
        ]
    return [] if wanted == found else [f"{place} is {found}, not {wanted}"]


def _field_differences(place: str, name: str, wanted: Node, fields: payloads.Fields) -> list[str]:
    if wanted == "none":
        return [f"{place} is {fields[name]}"] if name in fields else []
    if name == "covers":
        missing = [number for number in wanted if number not in fields["arrived"]]
        return [f"{place} lacks {missing}"] if missing else []
    if name not in fields:
        return [f"{place} is missing"]
    if name in {"at_ms", "delay_ms"}:
        is_near = abs(float(str(wanted)) - float(fields[name])) <= _TOLERANCE
        return [] if is_near else [f"{place} is {fields[name]}, not {wanted}"]
    return _differences(place, wanted, fields[name])
