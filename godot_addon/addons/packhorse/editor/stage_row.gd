@tool
extends HBoxContainer
## One stage of the examination in the dock: its sign, its name, what was found, how long it took,
## and what can be done.

const Figures := preload("../core/monitoring/figures.gd")
const Finding := preload("../core/doctor/finding.gd")
const ResultMark := preload("result_mark.gd")

const _DIM := 0.7  # opacity of what is less important

var _mark := ResultMark.new()
var _title := Label.new()
var _time := Label.new()
var _words := Label.new()
var _advice := Label.new()


func _init(stage: Finding.Stage) -> void:
	_title.text = Finding.TITLES[stage]
	_title.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	_time.modulate.a = _DIM
	_words.modulate.a = _DIM
	_advice.modulate = ResultMark.COLORS[Finding.Result.WARNING]
	var head := HBoxContainer.new()
	head.add_child(_title)
	head.add_child(_time)
	var column := VBoxContainer.new()
	column.size_flags_horizontal = Control.SIZE_EXPAND_FILL
	column.add_theme_constant_override(&"separation", 0)
	column.add_child(head)
	for label: Label in [_words, _advice]:
		label.autowrap_mode = TextServer.AUTOWRAP_WORD_SMART
		column.add_child(label)
	add_child(_mark)
	add_child(column)
	clear()


func _ready() -> void:
	_mark.custom_minimum_size.y = _title.get_combined_minimum_size().y


## Shows that nothing has been found yet.
func clear() -> void:
	_mark.show_waiting()
	_time.text = ""
	_words.hide()
	_advice.hide()


## Shows what was found.
func show_finding(finding: Finding) -> void:
	_mark.show_result(finding.result)
	_time.text = Figures.duration(finding.seconds) if finding.seconds >= 0.0 else ""
	_words.text = finding.words
	_words.visible = not finding.words.is_empty()
	_advice.text = finding.advice
	_advice.visible = not finding.advice.is_empty()
