extends RefCounted
## Saves what a window shows; needs a display.

const _FRAMES := 3  # until layout and drawing have settled


## Waits until [param viewport] has been drawn and saves it as a PNG file at [param path].
static func save(viewport: Viewport, path: String) -> Error:
	for _index in _FRAMES:
		await RenderingServer.frame_post_draw
	return viewport.get_texture().get_image().save_png(path)
