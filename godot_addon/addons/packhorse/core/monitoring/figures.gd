extends RefCounted
## Figures in short words, as overlay, debugger tab and dock show them.

const NONE := "–"

const _KILO := 1000.0
const _UNITS: Array[String] = ["B", "kB", "MB", "GB"]


## Returns [param value] seconds, in milliseconds below a second; below 0 it is unknown.
static func duration(value: float) -> String:
	if value < 0.0:
		return NONE
	if value >= 1.0:
		return "%.1f s" % value
	var milliseconds := value * 1000.0
	return ("%.0f ms" if milliseconds >= 10.0 else "%.1f ms") % milliseconds


## Returns the fraction [param value], 0..1, in percent.
static func fraction(value: float) -> String:
	var percent := value * 100.0
	return ("%.0f %%" if percent >= 10.0 or percent == 0.0 else "%.1f %%") % percent


## Returns [param value] bytes.
static func size(value: float) -> String:
	var unit := 0
	while value >= _KILO and unit < _UNITS.size() - 1:
		value /= _KILO
		unit += 1
	return ("%.1f %s" if unit and value < 100.0 else "%.0f %s") % [value, _UNITS[unit]]


## Returns [param value] bytes a second.
static func rate(value: float) -> String:
	return size(value) + "/s"
