@tool
extends RefCounted
## Examines a relay on a thread of its own, so that the editor never waits and the times are those
## of the network, not of the editor's frames.

## Emitted on the main thread for each finding.
signal finding_made(finding: Finding)
## Emitted on the main thread after the last one; not after [method cancel].
signal ended

const Finding := preload("../core/doctor/finding.gd")
const RelayAddress := preload("../core/relay_address.gd")
const RelayDoctor := preload("../net/relay_doctor.gd")

const _STEP := 500  # microseconds between polls; the accuracy of the times

var _thread := Thread.new()
var _mutex := Mutex.new()
var _is_cancelled := false


## Begins to examine the relay at [param address].
func start(address: RelayAddress) -> Error:
	return _thread.start(_run.bind(address))


## Stops and waits for the thread, about a millisecond; harmless when it has ended.
func cancel() -> void:
	_mutex.lock()
	_is_cancelled = true
	_mutex.unlock()
	if _thread.is_started():
		_thread.wait_to_finish()


func _run(address: RelayAddress) -> void:
	var doctor := RelayDoctor.new(address)
	var told := 0
	while not doctor.is_done and not _must_stop():
		doctor.poll(Time.get_ticks_usec() / 1e6)
		while told < doctor.findings.size():
			_tell.call_deferred(doctor.findings[told])
			told += 1
		OS.delay_usec(_STEP)
	doctor.close()
	_end.call_deferred()


func _must_stop() -> bool:
	_mutex.lock()
	var must_stop := _is_cancelled
	_mutex.unlock()
	return must_stop


func _tell(finding: Finding) -> void:
	if not _is_cancelled:
		finding_made.emit(finding)


func _end() -> void:
	if _thread.is_started():
		_thread.wait_to_finish()
	if not _is_cancelled:
		ended.emit()
