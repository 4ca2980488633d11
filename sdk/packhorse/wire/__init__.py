"""Pure codecs of the wire protocol: bytes in, values out, no state and no I/O."""
