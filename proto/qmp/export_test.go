package qmp

// What tests outside of the package need of its inside: they start real peers, with qmptest, which imports this package.
var (
	Readable   = readable
	Unreadable = unreadable
	IDKey      = idKey
)
