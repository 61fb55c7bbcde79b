package qmpserver

import (
	"encoding/json"
	"errors"
	"fmt"
)

// The error classes of QMP. Only GenericError is meant for new uses; the others
// live on because clients look for them.
const (
	GenericError    = "GenericError"
	CommandNotFound = "CommandNotFound"
	DeviceNotActive = "DeviceNotActive"
	DeviceNotFound  = "DeviceNotFound"
)

// Error is an error that a server reports to its client. A handler returns one
// to choose class and words; any other error is sent as a GenericError with the
// error's text.
type Error struct {
	Class string
	Desc  string
	Raw   json.RawMessage // if set, the whole object with class and words as another server sent it: it goes out instead
}

func (e *Error) Error() string { return e.Class + ": " + e.Desc }

// Errorf makes a GenericError.
func Errorf(format string, a ...any) *Error {
	return &Error{Class: GenericError, Desc: fmt.Sprintf(format, a...)}
}

// asError gives err the form that goes to the client.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: GenericError, Desc: err.Error()}
}

// NotFound is what a server answers to a command that it does not have.
func NotFound(name string) *Error {
	return &Error{Class: CommandNotFound, Desc: fmt.Sprintf("The command %s has not been found", name)}
}
