// Package qapi knows what a QMP server says of itself in query-qmp-schema: its commands and events, their arguments,
// results and types. It reads that introspection JSON into an immutable indexed Schema, looks names up, finds the nearest
// ones, checks values as the server's own strict visitors would, and describes commands, events and their members.
//
// The source of the format is the QAPI documentation, "Client JSON Protocol introspection", and qapi/introspect.json of
// QEMU. Names of types mean nothing there (QEMU masks them with numbers), so they appear in no text for people.
//
// Nothing here changes after Parse: a Schema and all that it points to may be read from any number of goroutines, and
// must not be written by callers. Types refer to each other in cycles (a block node's options hold block nodes).
package qapi
