package qmp

import "strings"

// greetingFramer is a framer for the first messages, where something else may come
// (Q1). Of what does not start like a JSON object it waits for as much as it takes to
// know what it is.
type greetingFramer struct {
	inner framer
	text  []byte
	err   error // the inner framer's refusal of text
}

// otherStarts are what sniffGreeting knows other servers by.
var otherStarts = []string{"QEMU ", "(qemu)", "RFB ", "\x15\x03", "\x16\x03"}

// Scan is proto.Framer's method.
func (f *greetingFramer) Scan(p []byte) (skip, end int, err error) {
	if f.err == nil {
		begun := f.inner.value.Open()
		skip, end, err = f.inner.Scan(p)
		if err == nil || begun || p[skip] == '{' {
			return skip, end, err
		}
		f.err = err
		p = p[skip:]
	}
	f.text = append(f.text, p...)
	for _, start := range otherStarts {
		if len(f.text) < len(start) && strings.HasPrefix(start, string(f.text)) {
			return skip, -1, nil
		}
	}
	return skip, -1, f.err
}
