extends RefCounted
## Tells when a path to the relay has died: nothing comes back, however often we ask.
##
## With PINGs every 5 s (SPEC.md section 8.2) a path that dies is to be replaced after 5 s to
## 10.5 s: long before its session is lost.

enum Verdict {
	NOTHING,
	ASK,  ## Ping: the last one was not answered.
	REPLACE,  ## Ping, and look for another path.
}

const Pings := preload("pings.gd")

const ASK_AFTER := 1.0  # seconds without an answer until we ask again, and between two questions
const DEAD_AFTER := 5.0  # seconds without an answer, and
const DEAD_PINGS := 5  # PINGs in them: with 10 % loss each way that is once in 4000 PINGs

var _judged_at := -INF  # clock seconds


## Returns what is to be done now: once a second something, while there is silence.
func judge(pings: Pings, now: float) -> Verdict:
	if now < maxf(pings.silent_since, _judged_at) + ASK_AFTER:
		return Verdict.NOTHING
	_judged_at = now
	var is_dead := now >= pings.silent_since + DEAD_AFTER and pings.unanswered >= DEAD_PINGS
	return Verdict.REPLACE if is_dead else Verdict.ASK
