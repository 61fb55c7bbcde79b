package run

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// NoSchemaError says that there is nothing to describe.
type NoSchemaError struct {
	Err error // the server's refusal, or what is wrong with its answer; may be nil
}

func (e *NoSchemaError) Error() string {
	const text = "this server has no schema that could be read"
	if e.Err == nil {
		return text
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *NoSchemaError) Unwrap() error { return e.Err }

// NoDevicesError says that a name is unknown where device types are not known at all: it
// may be one.
type NoDevicesError struct{ Err *qapi.NameError }

func (e *NoDevicesError) Error() string {
	return e.Err.Error() + "; device types are not known here"
}

// Unwrap returns what is wrong with the name.
func (e *NoDevicesError) Unwrap() error { return e.Err }

// Describe says what is known of a command, an event, a member of one ("blockdev-add
// file"), or a device type, in lines of the given width. Without words, or with patterns,
// it lists names. Errors are those of DescribeData.
func Describe(ctx context.Context, s *Schemas, words []string, width int) (string, error) {
	data, err := DescribeData(ctx, s, words)
	if err != nil {
		return "", err
	}
	var text string
	switch d := data.(type) {
	case []qapi.Entry:
		text = listing(d)
	case *qapi.Description:
		text = d.Text(width)
	case *DeviceDescription:
		text = d.Text(width)
	}
	return strings.TrimSuffix(text, "\n"), nil
}

// DescribeData is Describe as data: a []qapi.Entry, a *qapi.Description or a
// *DeviceDescription. Who asks for a device type waits for a copy of the server's binary
// to tell it. The error is a *NoSchemaError, *qapi.NameError, *qapi.PathError *WordError or
// *NoDevicesError, or why the server could not be asked.
func DescribeData(ctx context.Context, s *Schemas, words []string) (any, error) {
	schema, err := s.Read(ctx)
	if err != nil {
		return nil, err
	}
	if !s.Doubtful() {
		return lookUp(ctx, s, schema, words)
	}
	data, err := lookUp(ctx, s, schema, words)
	if err != nil { // the server itself has the last word on what is not there
		if schema = s.Own(ctx); schema != nil {
			data, err = lookUp(ctx, s, schema, words)
		}
	}
	return data, err
}

func lookUp(ctx context.Context, s *Schemas, schema *qapi.Schema, words []string) (any, error) {
	if IsList(words) {
		return list(ctx, s, schema, words)
	}
	d, err := schema.Describe(words[0], withoutSecrets(words)[1:]...)
	var unknown *qapi.NameError
	if !errors.As(err, &unknown) {
		return d, err
	}
	s.Learn(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	k, _ := s.Devices()
	if k == nil {
		return nil, &NoDevicesError{Err: unknown}
	}
	device, err := describeDevice(k, words)
	var nor *qapi.NameError
	if errors.As(err, &nor) {
		return nil, &qapi.NameError{Name: words[0], Near: append(unknown.Near, nor.Near...)}
	}
	return device, err
}

// withoutSecrets masks the values of a line's words, which a description repeats, if they are secret.
func withoutSecrets(words []string) []string {
	shown := slices.Clone(words)
	for i, word := range words[1:] {
		if !strings.Contains(word, "=") { // the name of a member
			continue
		}
		if _, masked, ok := strings.Cut(cmdline.Redact(words[0]+" "+word), words[0]+" "); ok {
			shown[i+1] = masked
		}
	}
	return shown
}

// list lists what matches patterns; without any the commands and events, since device
// types are too many.
func list(ctx context.Context, s *Schemas, schema *qapi.Schema, patterns []string) ([]qapi.Entry, error) {
	entries, err := schema.List(patterns...)
	if err != nil {
		return nil, &WordError{Word: "the pattern " + strings.Join(patterns, " ") + ":", Why: err.Error()}
	}
	if len(patterns) > 0 {
		s.Learn(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if k, _ := s.Devices(); k != nil {
			entries = append(entries, listDevices(k, patterns)...)
		}
	}
	if len(entries) == 0 {
		return nil, &WordError{Word: "the server", Why: "has no command and no event " + strings.Join(patterns, " ")}
	}
	return entries, nil
}

// IsList says whether words ask for a list of names.
func IsList(words []string) bool {
	return len(words) == 0 || strings.ContainsAny(strings.Join(words, ""), "*?[")
}

func listing(entries []qapi.Entry) string {
	var b strings.Builder
	for i, e := range entries {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Name)
		notes := e.Features
		if e.Kind == "event" || e.Kind == "device" {
			notes = append([]string{e.Kind}, notes...)
		}
		if len(notes) > 0 {
			b.WriteString("  (" + strings.Join(notes, ", ") + ")")
		}
	}
	return b.String()
}
