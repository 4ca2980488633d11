@tool
extends ScrollContainer
## The dock of Packhorse: the relay's address, and a test of the connection to it.

## Emitted when the test of a connection has ended, with the verdict.
signal test_ended(verdict: String)

const Constants := preload("../wire/constants.gd")
const Examination := preload("examination.gd")
const Finding := preload("../core/doctor/finding.gd")
const Findings := preload("../core/doctor/findings.gd")
const RelayAddress := preload("../core/relay_address.gd")
const Settings := preload("../nodes/settings.gd")
const StageRow := preload("stage_row.gd")

const _MANUAL := "../README.md"  # beside the addon's plugin.cfg
const _CONFIG := "../plugin.cfg"
const _START := "Test connection"
const _STOP := "Stop"
const _MARGIN := 8.0  # pixels at a scale of 1

var _address := LineEdit.new()
var _button := Button.new()
var _save := Button.new()
var _verdict := Label.new()
var _rows: Dictionary[Finding.Stage, StageRow] = {}
var _findings: Array[Finding] = []
var _examination: Examination = null


func _init() -> void:
	name = "Packhorse"
	horizontal_scroll_mode = ScrollContainer.SCROLL_MODE_DISABLED
	var column := VBoxContainer.new()
	column.add_child(_label("Relay"))
	column.add_child(_address_row())
	column.add_child(_button)
	column.add_child(_verdict)
	column.add_child(HSeparator.new())
	for stage: Finding.Stage in Finding.TITLES:
		_rows[stage] = StageRow.new(stage)
		column.add_child(_rows[stage])
	column.add_child(HSeparator.new())
	column.add_child(_footer())
	var margin := MarginContainer.new()
	margin.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	margin.add_child(column)
	add_child(margin)
	_button.text = _START
	_button.tooltip_text = "Looks whether this machine can use the relay. Enters no room."
	_button.pressed.connect(_on_button_pressed)
	_verdict.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
	_verdict.text = "Tests the way from this machine to the relay."


func _ready() -> void:
	_address.text = Settings.relay_or_default(_address.text)
	var margin: MarginContainer = get_child(0)
	for side: StringName in [&"margin_left", &"margin_top", &"margin_right", &"margin_bottom"]:
		var width := roundi(_MARGIN * get_theme_default_base_scale())
		margin.add_theme_constant_override(side, width)


func _exit_tree() -> void:
	stop()


## Tests the connection to [param address], as people type it.
func test(address: String) -> void:
	stop()
	_address.text = address
	_findings.clear()
	for stage in _rows:
		_rows[stage].clear()
	var parsed := RelayAddress.parse(address)
	if parsed == null:
		_conclude("Write the relay as host or host:port, for example relay.example.org:6969.")
		return
	_verdict.text = "Testing…"
	_button.text = _STOP
	_examination = Examination.new()
	_examination.finding_made.connect(_on_examination_finding_made)
	_examination.ended.connect(_on_examination_ended)
	if _examination.start(parsed) != OK:
		_examination = null
		_conclude("The system gives no thread for the test.")


## Ends a test that runs; harmless when there is none.
func stop() -> void:
	if _examination != null:
		_examination.cancel()
		_examination = null
		_conclude("Stopped.")


## Returns what was found by the last test.
func findings() -> Array[Finding]:
	return _findings


func _conclude(verdict: String) -> void:
	_button.text = _START
	_verdict.text = verdict
	test_ended.emit(verdict)


func _address_row() -> Control:
	_address.placeholder_text = "host or host:port"
	_address.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_address.text_submitted.connect(_on_address_text_submitted)
	_save.text = "Save"
	_save.tooltip_text = "Makes this the relay of the project: %s" % Settings.RELAY_ADDRESS
	_save.pressed.connect(_on_save_pressed)
	var row := HBoxContainer.new()
	row.add_child(_address)
	row.add_child(_save)
	return row


func _footer() -> Control:
	var manual := LinkButton.new()
	manual.text = "Manual"
	manual.uri = ProjectSettings.globalize_path(_beside(_MANUAL))
	manual.size_flags_vertical = Control.SIZE_SHRINK_CENTER
	manual.size_flags_horizontal = Control.SIZE_EXPAND | Control.SIZE_SHRINK_END
	var row := HBoxContainer.new()
	row.add_child(_label("Packhorse %s, wire %d" % [_version(), Constants.WIRE_VERSION]))
	row.add_child(manual)
	return row


func _version() -> String:
	var config := ConfigFile.new()
	config.load(_beside(_CONFIG))
	return str(config.get_value("plugin", "version", "?"))


func _beside(path: String) -> String:
	var script: Script = get_script()
	return script.resource_path.get_base_dir().path_join(path).simplify_path()


static func _label(text: String) -> Label:
	var label := Label.new()
	label.text = text
	return label


func _on_button_pressed() -> void:
	if _examination != null:
		stop()
	else:
		test(_address.text)


func _on_address_text_submitted(address: String) -> void:
	test(address)


func _on_save_pressed() -> void:
	ProjectSettings.set_setting(Settings.RELAY_ADDRESS, _address.text.strip_edges())
	var error := ProjectSettings.save()
	_verdict.text = "Saved." if error == OK else "Not saved: %s." % error_string(error)


func _on_examination_finding_made(finding: Finding) -> void:
	_findings.append(finding)
	_rows[finding.stage].show_finding(finding)


func _on_examination_ended() -> void:
	_examination = null
	_conclude(Findings.verdict(_findings))
