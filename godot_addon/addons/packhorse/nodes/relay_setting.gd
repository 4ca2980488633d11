extends RefCounted
## The project setting that names the relay.

## Path of the setting; it holds [code]host[/code] or [code]host:port[/code].
const PATH := "packhorse/relay/address"


## Returns [param relay], or the setting when that is empty; both may be.
static func fill_in(relay: String) -> String:
	if relay.strip_edges() or not ProjectSettings.has_setting(PATH):
		return relay.strip_edges()
	return str(ProjectSettings.get_setting_with_override(PATH)).strip_edges()
