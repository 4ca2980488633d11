extends RefCounted
## What one acknowledgement told.

var rate := 0.0  ## Bytes a second.
var is_app_limited := false
## Bytes delivered when the newest acknowledged datagram was sent.
var delivered_when_sent := 0
var rtt := -1.0  ## Seconds; below 0 when it cannot be told.
var acked := 0  ## Datagrams.
var lost := 0  ## Datagrams.
var in_flight := 0  ## Bytes still under way.
