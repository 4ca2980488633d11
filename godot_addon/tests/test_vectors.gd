extends "res://tests/test_case.gd"
## The addon's codecs against every vector: one test for each topic, one for the manifest.

const VectorTopics := preload("res://tests/support/vector_topics.gd")
## Topics that concern only the relay.
const RELAY_ONLY: Array[String] = ["ticket"]


func test_manifest_names_exactly_the_topics_tested_here() -> void:
	var named: Array[String] = []
	for file: Dictionary in _files():
		if str(file["topic"]) not in RELAY_ONLY:
			named.append(str(file["topic"]))
	var tested := VectorTopics.decoders().keys()
	named.sort()
	tested.sort()

	assert_eq(named, Array(tested, TYPE_STRING, &"", null), "topics")
	for topic in named:
		assert_true(has_method("test_" + topic), "a test of its own for " + topic)


func test_manifest_names_every_vector_file() -> void:
	var named: Array[String] = ["manifest.json"]
	for file: Dictionary in _files():
		named.append(str(file["file"]))
	var there: Array[String] = []
	for file in DirAccess.get_files_at(vectors_dir):
		if file.get_extension() == "json":
			there.append(file)
	named.sort()
	there.sort()

	assert_eq(there, named, "files")


func test_header() -> void:
	_run("header")


func test_msgpack() -> void:
	_run("msgpack")


func test_ctrl() -> void:
	_run("ctrl")


func test_keys() -> void:
	_run("keys")


func test_binding() -> void:
	_run("binding")


func test_seal() -> void:
	_run("seal")


func test_replay() -> void:
	_run("replay")


func test_cookie() -> void:
	_run("cookie")


func test_room_code() -> void:
	_run("room_code")


func test_room_list() -> void:
	_run("room_list")


func test_proof() -> void:
	_run("proof")


func test_address() -> void:
	_run("address")


func test_candidates() -> void:
	_run("candidates")


func test_legacy() -> void:
	_run("legacy")


func test_frames() -> void:
	_run("frames")


func _files() -> Array:
	return vectors("manifest").get("files", [])


func _run(topic: String) -> void:
	var file := vectors(topic)
	var cases: Array = file.get("cases", [])
	assert_eq(str(cases.size()), file.get("count"), topic + ": count in the file")
	assert_eq(str(cases.size()), _count_in_manifest(topic), topic + ": count in the manifest")
	for vector: Dictionary in cases:
		_check(topic, vector)


func _count_in_manifest(topic: String) -> String:
	for file: Dictionary in _files():
		if file["topic"] == topic:
			return str(file["count"])
	return ""


func _check(topic: String, vector: Dictionary) -> void:
	var title := "%s %s" % [topic, vector["id"]]
	var data := str(vector["bytes"]).hex_decode()
	var input: Dictionary = vector.get("input", {})
	var decoded: Dictionary = VectorTopics.decoders()[topic].call(data, input)
	if vector["result"] != "valid":
		assert_eq(decoded.keys(), ["drop"], title)
		assert_eq(decoded.get("drop"), vector["drop"], title)
		return
	assert_eq(decoded, vector["decoded"], title)
	if VectorTopics.encoders().has(topic):
		var encoded: PackedByteArray = VectorTopics.encoders()[topic].call(decoded, input)
		assert_eq(encoded.hex_encode(), vector.get("reencoded", vector["bytes"]), title + " back")
