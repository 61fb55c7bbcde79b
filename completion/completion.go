package completion

import "github.com/qmpsh/qmpsh/proto/qapi"

// Candidate is one thing that may stand at a place.
type Candidate struct {
	Text  string // what to insert, in quotes where the language needs them
	Label string // its type, or a few words about it; may be empty
	Final bool   // a space may follow; not behind "key=", "file." and a folder's name
}

// Result is what may stand in the place of a part of a text.
type Result struct {
	Start, End int         // the part that a candidate replaces, in bytes; the cursor stands in it or at its end
	Candidates []Candidate // required arguments first, then by name; none twice
	Pending    bool        // values of the server are being looked up: ask again when Live knows them
}

// Env is what candidates come from. Everything in it may be nil.
type Env struct {
	Schema *qapi.Schema // nil: no names and no arguments are offered
	Live   Live         // nil: no values of the server are offered
	// Devices knows DeviceTypes and Properties, which a running server is not asked for; nil: none are offered.
	Devices Live
	Words   []Word // the shell's own words
	// DeviceType tells the type behind an alias of device_add's driver, where Devices lists aliases too; nil: what
	// cmdline.DeviceType tells.
	DeviceType func(driver string) string
	// Files returns the paths that begin with prefix: Text without any quotes, Final false for a folder, whose Text
	// ends in a slash.
	Files func(prefix string) []Candidate
}

// Takes says what stands behind a word of the shell. They add up.
type Takes uint8

// What may stand behind a word of the shell.
const (
	TakesCommands Takes = 1 << iota // names of commands
	TakesEvents                     // names of events; behind the first one path=value of its data, if TakesData is there too
	TakesData
	TakesWords // the shell's own words
	TakesFiles
	TakesLine    // a whole line: a command with its arguments
	TakesDevices // names of device types; behind one a property of it
)

// Word is a word of the shell itself.
type Word struct {
	Name    string // with its dot, if it has one
	Does    string // in a few words
	Takes   Takes
	Choices []string // further words that may stand behind it: on, off
}

// Live knows what lives on the server. It must not wait unless its maker says so.
type Live interface {
	// Values returns what there is. known is false if that is not known (yet); then the list is empty.
	Values(q Query) (list []Value, known bool)
}

// Query asks for one kind of values.
type Query struct {
	Kind LiveKind
	Of   string // a device type for Properties, an object's path for Children and ObjectProperties, a node for Bitmaps (empty: of all)
}

// Value is something that lives on the server.
type Value struct {
	Text  string     // its id, name or path
	Label string     // its type, driver or state
	Type  *qapi.Type // of a property, as far as it is known; nil otherwise
}

// LiveKind is a kind of values that live on the server.
type LiveKind uint8

// The kinds of values.
const (
	Devices          LiveKind = iota + 1 // ids of devices; paths of those without one
	Nodes                                // block nodes by their names
	Backends                             // block backends: the names of drives
	Jobs                                 // ids of jobs
	Bitmaps                              // dirty bitmaps of the node Of, or of all
	Chardevs                             // ids of character devices
	Netdevs                              // ids of network backends
	Nics                                 // names of network clients: backends and cards
	Objects                              // ids of objects made by object-add
	Exports                              // ids of block exports
	Children                             // names of the objects below the object at Of
	ObjectProperties                     // properties of the object at Of
	DeviceTypes                          // what device_add takes as a driver
	Properties                           // what device_add takes for the driver Of
)
