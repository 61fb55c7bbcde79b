package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Columns returns how many columns of a terminal a visible character takes: two for wide ones
// (Unicode Annex 11), none for marks that join the character before them.
func Columns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me), r >= 0x1160 && r <= 0x11ff: // the latter: the rest of a Hangul syllable
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Width returns how many columns clean text on one line takes.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += Columns(r)
	}
	return n
}

// Ellipsis marks what was cut, and ASCIIEllipsis does where a terminal shows ASCII only.
const (
	Ellipsis      = "…"
	ASCIIEllipsis = "..."
)

// ASCII replaces the Ellipsis by the ASCIIEllipsis.
func ASCII(s string) string { return strings.ReplaceAll(s, Ellipsis, ASCIIEllipsis) }

// Cut shortens clean text on one line to at most limit columns. Where it is cut, mark stands.
func Cut(s string, limit int, mark string) string {
	if len(s) <= limit || Width(s) <= limit {
		return s
	}
	room := limit - Width(mark)
	if room < 0 {
		return ""
	}
	for i, r := range s {
		if room -= Columns(r); room < 0 {
			return s[:i] + mark
		}
	}
	return s
}

// Pad fills clean text on one line with spaces up to limit columns, of which one at least stays.
func Pad(s string, limit int) string {
	return s + strings.Repeat(" ", max(limit-Width(s), 1))
}

// Wrap breaks the lines of clean text between words so that they take at most limit columns; a
// longer word stays whole. Further parts of a line are set in as far as the line is, and by hang
// columns more. A limit of 0 or less leaves the text as it is.
func Wrap(s string, limit, hang int) string {
	if limit <= 0 {
		return s
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		body, end := strings.CutSuffix(line, "\n")
		if Width(body) <= limit {
			b.WriteString(body)
		} else {
			wrapLine(&b, body, limit, hang)
		}
		if end {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func wrapLine(b *strings.Builder, line string, limit, hang int) {
	rest := strings.TrimLeft(line, " ")
	in := len(line) - len(rest)
	part, column := line[:in], in // what is gathered of the line under way
	in = min(in+hang, limit/2)
	for word := range strings.SplitAfterSeq(rest, " ") {
		if column+Width(strings.TrimRight(word, " ")) > limit && strings.TrimLeft(part, " ") != "" {
			b.WriteString(strings.TrimRight(part, " ") + "\n")
			part, column = strings.Repeat(" ", in), in
		}
		part += word
		column += Width(word)
	}
	b.WriteString(strings.TrimRight(part, " "))
}
