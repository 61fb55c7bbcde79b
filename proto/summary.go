package proto

import (
	"context"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
)

// Summary renders an error on one line: "Type: message", or "Type" alone if the
// message is empty (U1). A nil error gives "".
func Summary(err error) string {
	if err == nil {
		return ""
	}
	return labelled(err, oneLine(err.Error()))
}

// labelled puts the name of an error's type before words about it.
func labelled(err error, words string) string {
	if words == "" {
		return typeName(err)
	}
	return typeName(err) + ": " + words
}

// oneLine joins the lines of a text.
func oneLine(text string) string {
	lines := splitLines(text)
	return strings.Join(lines, "; ")
}

// splitLines cuts a text into its lines that are not empty.
func splitLines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
}

// typeName names an error's type as a person would: no pointer, no module path, no
// package for our own types, the variable for well-known errors, and "error" for
// what errors.New and fmt.Errorf make.
func typeName(err error) string {
	if name := sentinelName(err); name != "" {
		return name
	}
	t := reflect.TypeOf(err)
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	pkg := t.PkgPath()
	if (pkg == "errors" || pkg == "fmt") && isUnexported(t) {
		return "error"
	}
	name := t.String()
	if isOurs(pkg) {
		name = t.Name()
	}
	name, _, _ = strings.Cut(name, "[") // type arguments carry module paths
	return name
}

// sentinelName names errors that people know by their variable.
func sentinelName(err error) string {
	switch err {
	case context.Canceled:
		return "context.Canceled"
	case context.DeadlineExceeded:
		return "context.DeadlineExceeded"
	case io.EOF:
		return "io.EOF"
	case io.ErrUnexpectedEOF:
		return "io.ErrUnexpectedEOF"
	case io.ErrClosedPipe:
		return "io.ErrClosedPipe"
	case net.ErrClosed:
		return "net.ErrClosed"
	case os.ErrDeadlineExceeded:
		return "os.ErrDeadlineExceeded"
	}
	return ""
}

// isUnexported reports whether a type's name cannot be written outside its package.
func isUnexported(t reflect.Type) bool {
	name := t.Name()
	return name != "" && strings.ToLower(name[:1]) == name[:1]
}

// isOurs reports whether a package belongs to the module of this one.
func isOurs(pkg string) bool {
	module := strings.TrimSuffix(reflect.TypeFor[Origin]().PkgPath(), "/proto")
	return pkg == module || strings.HasPrefix(pkg, module+"/")
}
