extends "res://tests/test_case.gd"
## The project settings and what a peer makes of them.

const Settings := preload("res://addons/packhorse/nodes/settings.gd")


func test_setting_that_the_project_lacks_has_its_initial_value() -> void:
	for setting in Settings.TABLE:
		var path: String = setting["path"]
		var before: Variant = ProjectSettings.get_setting(path)
		ProjectSettings.clear(path)
		assert_eq(Settings.value(path), setting["initial"], path)
		ProjectSettings.set_setting(path, before)


func test_setting_of_another_type_counts_as_absent() -> void:
	ProjectSettings.set_setting(Settings.CONNECT_TIMEOUT, "soon")
	var found: Variant = Settings.value(Settings.CONNECT_TIMEOUT)
	ProjectSettings.clear(Settings.CONNECT_TIMEOUT)

	assert_eq(found, 15.0, "seconds")


func test_setting_for_a_platform_alone_counts_there() -> void:
	var before: Variant = ProjectSettings.get_setting(Settings.NETWORK_THREAD)
	ProjectSettings.clear(Settings.NETWORK_THREAD)
	ProjectSettings.set_setting(Settings.NETWORK_THREAD + ".pc", false)
	var found: Variant = Settings.value(Settings.NETWORK_THREAD)
	ProjectSettings.clear(Settings.NETWORK_THREAD + ".pc")
	ProjectSettings.set_setting(Settings.NETWORK_THREAD, before)

	assert_eq(found, false, "on a computer")


func test_absent_options_are_those_of_the_project() -> void:
	ProjectSettings.set_setting(Settings.CONNECT_TIMEOUT, 3.5)
	ProjectSettings.set_setting(Settings.ROOM_TOPOLOGY, 1)
	ProjectSettings.set_setting(Settings.ROOM_MAX_PEERS, 6)
	ProjectSettings.set_setting(Settings.RELAY_ONLY, true)
	var options := Settings.complete(null)
	for path: String in [
		Settings.CONNECT_TIMEOUT,
		Settings.ROOM_TOPOLOGY,
		Settings.ROOM_MAX_PEERS,
		Settings.RELAY_ONLY,
	]:
		ProjectSettings.clear(path)

	assert_eq(options.connect_timeout, 3.5, "seconds")
	assert_eq(options.topology, PackhorseRoomOptions.Topology.STAR, "topology")
	assert_eq(options.max_peers, 6, "peers")
	assert_true(options.relay_only, "relay only")


func test_secrets_of_the_project_fill_in_and_do_not_replace() -> void:
	var given := PackhorseRoomOptions.new()
	given.ticket = "mine"
	given.trusts_any_certificate = true
	ProjectSettings.set_setting(Settings.RELAY_TICKET, "ticket")
	ProjectSettings.set_setting(Settings.RELAY_ACCESS_KEY, "key")
	var options := Settings.complete(given)
	ProjectSettings.clear(Settings.RELAY_TICKET)
	ProjectSettings.clear(Settings.RELAY_ACCESS_KEY)

	assert_eq(options.ticket, "mine", "ticket")
	assert_eq(options.access_key, "key", "access key")
	assert_eq(given.access_key, "", "the caller's own options")
	assert_true(options.trusts_any_certificate, "what a resource does not save")


func test_defaults_without_a_project_are_those_of_the_options() -> void:
	var options := Settings.complete(null)
	var plain := PackhorseRoomOptions.new()

	for property in plain.get_property_list():
		var path: String = property["name"]
		var usage: int = property["usage"]
		if usage & PROPERTY_USAGE_SCRIPT_VARIABLE:
			assert_eq(options.get(path), plain.get(path), path)


func test_doc_of_each_setting_is_a_sentence() -> void:
	for setting in Settings.TABLE:
		var doc: String = setting["doc"]
		assert_true(doc.ends_with("."), str(setting["path"]))
