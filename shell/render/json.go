package render

import (
	"bytes"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
	"github.com/qmpsh/qmpsh/shell/text"
)

const (
	indentWidth = 2 // spaces a level
	// maxIndent is how many levels are set in: deeper ones stand under each
	// other, so that the output of a very deep value stays in proportion to it.
	maxIndent = 64
)

// indents is a line feed and the spaces of the deepest level.
const indents = "\n" +
	"                                                                " +
	"                                                                "

func hasLineEnd(p []byte) bool {
	return bytes.IndexByte(p, '\n') >= 0 || bytes.IndexByte(p, '\r') >= 0
}

// layOut writes the JSON value src, with its own white space replaced: over
// several lines and painted, or on one line with a space behind each comma and
// colon, as QEMU does. Tokens stay as they are; what is no JSON any more is
// written as it stands, from where it breaks.
func (p *Printer) layOut(s *sink, src []byte, lines bool) {
	newline := func(depth int) {
		if lines {
			s.buf = append(s.buf, indents[:1+indentWidth*min(depth, maxIndent)]...)
		}
	}
	scan := jsonscan.New(src)
	last := jsonscan.Name // the token before: nothing stands between a name and its value
	done := 0
	for kind := scan.Next(); kind != jsonscan.None && s.err == nil; kind = scan.Next() {
		opened := last == jsonscan.Object || last == jsonscan.Array
		switch {
		case kind == jsonscan.ObjectEnd || kind == jsonscan.ArrayEnd:
			if !opened {
				newline(scan.Depth())
			}
		case opened:
			newline(scan.Depth() - opens(kind))
		case last != jsonscan.Name:
			s.buf = append(s.buf, ',')
			if newline(scan.Depth() - opens(kind)); !lines {
				s.buf = append(s.buf, ' ')
			}
		}
		p.paint(s, kind, scan.Token(), lines)
		if kind == jsonscan.Name {
			s.buf = append(s.buf, ": "...)
		}
		s.passOn()
		last, done = kind, scan.End()
	}
	if scan.Err() != nil {
		s.json(src[done:])
	}
}

// opens is 1 for a token that opens a container, which Depth counts already.
func opens(kind jsonscan.Kind) int {
	if kind == jsonscan.Object || kind == jsonscan.Array {
		return 1
	}
	return 0
}

// paint writes a token, over several lines in its colour.
func (p *Printer) paint(s *sink, kind jsonscan.Kind, token []byte, lines bool) {
	var style text.Style
	switch kind {
	case jsonscan.Object, jsonscan.Array, jsonscan.ObjectEnd, jsonscan.ArrayEnd:
		s.buf = append(s.buf, byte(kind))
		return
	case jsonscan.Name:
		style = p.key
	case jsonscan.String:
		style = p.str
	case jsonscan.Integer, jsonscan.Fraction:
		style = p.number
	default:
		style = p.literal
	}
	if !lines {
		s.json(token)
		return
	}
	s.buf = append(s.buf, style.On()...)
	s.json(token)
	s.buf = append(s.buf, style.Off()...)
}
