package text

import "strings"

// Painted is text for a terminal that is harmless there: clean, and with no control sequences but
// the colours of a Style. Only this package makes one. The zero value is empty.
type Painted struct{ s string }

// Plain is clean text without colours, of one or more lines.
func Plain(s string) Painted { return Painted{Clean(s)} }

// PlainLine is clean text without colours on one line.
func PlainLine(s string) Painted { return Painted{CleanLine(s)} }

// PlainJSON is JSON on one line without colours, with escapes for what is not visible.
func PlainJSON(value []byte) Painted { return Painted{CleanLine(string(AppendJSON(nil, value)))} }

// Join puts parts behind each other, with sep between them.
func Join(sep string, parts ...Painted) Painted {
	all := make([]string, len(parts))
	for i, p := range parts {
		all[i] = p.s
	}
	return Painted{strings.Join(all, Clean(sep))}
}

// String returns the text with its colours, for a destination that is known to be a terminal or to
// want them. A Writer takes the result for anybody's text.
func (p Painted) String() string { return p.s }

// Line returns the text with a line end, unless it has one.
func (p Painted) Line() Painted {
	if strings.HasSuffix(p.s, "\n") {
		return p
	}
	return Painted{p.s + "\n"}
}

// Style is a colour as the SGR sequences that switch it on and off. The zero value changes nothing.
type Style struct{ on, off string }

// NewStyle makes a Style of two SGR sequences (ESC [ digits and semicolons m). Anything else gives
// the zero value.
func NewStyle(on, off string) Style {
	if !isSGR(on) || !isSGR(off) {
		return Style{}
	}
	return Style{on, off}
}

func isSGR(s string) bool {
	inner, ok := strings.CutPrefix(s, "\x1b[")
	if !ok {
		return false
	}
	inner, ok = strings.CutSuffix(inner, "m")
	return ok && strings.Trim(inner, "0123456789;") == ""
}

// Paint gives text a colour, if there is any text.
func (st Style) Paint(p Painted) Painted {
	if p.s == "" {
		return p
	}
	return Painted{st.on + p.s + st.off}
}

// On is the sequence that switches the colour on, for who paints much and cleans it himself.
func (st Style) On() string { return st.on }

// Off is the sequence that switches it off.
func (st Style) Off() string { return st.off }
