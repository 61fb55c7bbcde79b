// Package completion says what may stand at a place of a line: names, arguments, values, and ids that live on the server.
//
// Complete, CompleteWords and Hint are pure: they look at the text, the schema and what a Live answers at once, and never
// wait. Cache is the Live of a connection: look-ups run on goroutines of its own, with a deadline, and what they find is
// kept until an event or a command may have changed it. It reaches the server through a function, so that this package
// knows nothing of connections.
//
// The terminal only draws: Result.Insertion tells what a Tab inserts, Result.List what it shows.
package completion
