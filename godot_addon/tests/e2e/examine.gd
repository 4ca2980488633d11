extends SceneTree
## Examines the relay that is named and prints each finding as a JSON object, then the verdict.

const Findings := preload("res://addons/packhorse/core/doctor/findings.gd")
const RelayAddress := preload("res://addons/packhorse/core/relay_address.gd")
const RelayDoctor := preload("res://addons/packhorse/net/relay_doctor.gd")

var _doctor := RelayDoctor.new(RelayAddress.parse(OS.get_cmdline_user_args()[0]))


func _process(_delta: float) -> bool:
	_doctor.poll(Time.get_ticks_usec() / 1e6)
	if not _doctor.is_done:
		return false
	for finding in _doctor.findings:
		var told := {
			"stage": finding.stage,
			"result": finding.result,
			"words": finding.words,
			"advice": finding.advice,
			"seconds": finding.seconds,
		}
		print(JSON.stringify(told))
	print(JSON.stringify({"verdict": Findings.verdict(_doctor.findings)}))
	return true
