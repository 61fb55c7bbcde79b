package proto

import (
	"fmt"
	"path"
	"reflect"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ChainOptions say how Chain renders.
type ChainOptions struct {
	Prefix  string // before every line; "  | " if unset
	Origins bool   // show function, file and line under each link that recorded them
}

// Chain renders an error and everything that it wraps, outermost first and root
// cause last: one line a link, with its type and only the words that this link
// adds (U2). A link which joins several errors is followed by a branch for each.
// A type of an unexported name that adds no words gets no line. The lines are
// joined by "\n" with none at the end. A nil error gives "".
//
// An error chooses its own words with a method LinkText() string, and shows where
// it was made by embedding Origin.
func Chain(err error, o ChainOptions) string {
	if o.Prefix == "" {
		o.Prefix = "  | "
	}
	c := chain{origins: o.Origins}
	c.add(err, o.Prefix, o.Prefix)
	return strings.Join(c.lines, "\n")
}

// chain gathers the lines of a rendering.
type chain struct {
	origins bool
	lines   []string
}

// add renders err and what it wraps. Its first line stands behind first, the
// others behind rest.
func (c *chain) add(err error, first, rest string) {
	for err != nil {
		inner := unwrap(err)
		words := linkWords(err, inner)
		if !isNoise(err, words, inner) {
			c.link(err, words, first, rest)
			first = rest
		}
		if len(inner) > 1 {
			c.branches(inner, rest)
			return
		}
		err = nil
		if len(inner) == 1 {
			err = inner[0]
		}
	}
}

// link renders one error, without what it wraps.
func (c *chain) link(err error, words, first, rest string) {
	lines := splitLines(labelled(err, words))
	c.lines = append(c.lines, first+lines[0])
	for _, line := range lines[1:] {
		c.lines = append(c.lines, rest+"    "+line)
	}
	if !c.origins {
		return
	}
	if o, ok := err.(interface{ Frame() (runtime.Frame, bool) }); ok {
		if frame, ok := o.Frame(); ok {
			c.lines = append(c.lines, rest+"    at "+place(frame))
		}
	}
}

// branches renders joined errors, each with a line down its side.
func (c *chain) branches(inner []error, rest string) {
	for i, err := range inner {
		side := "|  "
		if i == len(inner)-1 {
			side = "   "
		}
		c.add(err, rest+"+- ", rest+side)
	}
}

// place writes a frame as "pkg.Function (dir/file.go:12)".
func place(f runtime.Frame) string {
	dir, file := path.Split(f.File)
	return fmt.Sprintf("%s (%s:%d)", path.Base(f.Function), path.Join(path.Base(dir), file), f.Line)
}

// unwrap returns what an error wraps, nil entries left out.
func unwrap(err error) []error {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return []error{inner}
		}
	case interface{ Unwrap() []error }:
		var all []error
		for _, inner := range e.Unwrap() {
			if inner != nil {
				all = append(all, inner)
			}
		}
		return all
	}
	return nil
}

// isNoise reports whether a link says nothing: no words, and a type that its
// users cannot name.
func isNoise(err error, words string, inner []error) bool {
	if words != "" || len(inner) != 1 {
		return false
	}
	t := reflect.TypeOf(err)
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	return isUnexported(t)
}

// linkWords returns the words that an error adds to those of the errors it wraps.
func linkWords(err error, inner []error) string {
	switch e := err.(type) {
	case interface{ LinkText() string }:
		return e.LinkText()
	case syscall.Errno:
		return errnoWords(e)
	}
	text := err.Error()
	if len(inner) == 0 {
		return text
	}
	text = elide(text, inner)
	switch {
	case len(inner) == 1:
		return strings.TrimRight(strings.TrimSuffix(text, "…"), ": \n")
	case strings.Trim(text, "…:;, \n") == "":
		return fmt.Sprintf("%d errors", len(inner))
	}
	return text
}

// elide puts "…" in the place of the wrapped errors' texts: of the last occurrence
// for a single one, which is where a cause stands, else from left to right.
func elide(text string, inner []error) string {
	from := 0
	for _, err := range inner {
		words := err.Error()
		at := strings.Index(text[from:], words)
		if len(inner) == 1 {
			at = strings.LastIndex(text, words)
		}
		if words == "" || at < 0 {
			continue
		}
		at += from
		text = text[:at] + "…" + text[at+len(words):]
		from = at + len("…")
	}
	return text
}

// errnoWords gives the system's words and the constant's name.
func errnoWords(e syscall.Errno) string {
	if name := unix.ErrnoName(e); name != "" {
		return e.Error() + " (" + name + ")"
	}
	return fmt.Sprintf("%s (errno %d)", e.Error(), int(e))
}
