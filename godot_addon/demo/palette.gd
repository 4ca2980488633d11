extends RefCounted
## The colours of the game.

const NIGHT := Color("14132b")
const GROUND := Color("211f45")
const INK := Color("0d0c1f")
const PAPER := Color("f4efe6")
const KRAFT := Color("d9a066")
const KRAFT_DARK := Color("8f5f35")
const RIBBON := Color("ff5d73")
const GOLD := Color("ffd166")
const WARNING := Color("ff9f80")
## One for each player, in the order of joining.
const COATS: Array[Color] = [
	Color("ff7b72"),
	Color("4cc9f0"),
	Color("ffd166"),
	Color("7ae582"),
	Color("b794f6"),
	Color("ff9f43"),
	Color("f78fb3"),
	Color("66e0c8"),
]


## Returns the colour of the player with the number [param index], from 0.
static func coat(index: int) -> Color:
	return COATS[posmod(index, COATS.size())]
