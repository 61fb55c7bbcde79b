package terminal

import (
	"bytes"
	"unicode/utf8"
)

// Private runes: what the input hands to readline in the place of keys that
// readline has no rune for, or handles wrongly. They lie in a private-use
// plane and cannot be typed, so that nothing but the input can produce them.
const (
	runeWake         rune = 0xF0000 + iota // work waits for readline's goroutine
	runePaste                              // a paste waits in the input
	runeDelete                             // Delete: readline takes it for the end of input on an empty line
	runeWordRubout                         // C-w: in the first word readline wipes the whole line
	runeWordBack                           // M-Backspace: the same
	runeWordLeft                           // M-b
	runeWordRight                          // M-f
	runeWordDelete                         // M-d
	runeKillEnd                            // C-k, which is to fill what C-y brings back
	runeKillStart                          // C-u: the same
	runeYank                               // C-y
	runeUndo                               // C-_, C-x C-u
	runeLastArgument                       // M-.
	runeEditor                             // C-x C-e
	runeSuspend                            // C-z: readline also stops the parent process
	runeComplete                           // Tab: readline's own completion is not fit for a shell that prints events
	runeNewline                            // stands for '\n' inside an edited line
	runeTab                                // stands for '\t' inside an edited line
)

// Control characters as terminals send them.
const (
	ctrlA     = 0x01
	ctrlB     = 0x02
	ctrlC     = 0x03
	ctrlE     = 0x05
	ctrlF     = 0x06
	ctrlG     = 0x07
	ctrlH     = 0x08
	tab       = 0x09
	ctrlK     = 0x0b
	ctrlN     = 0x0e
	ctrlP     = 0x10
	ctrlR     = 0x12
	ctrlS     = 0x13
	ctrlT     = 0x14
	ctrlU     = 0x15
	ctrlW     = 0x17
	ctrlX     = 0x18
	ctrlY     = 0x19
	ctrlZ     = 0x1a
	escape    = 0x1b
	ctrlUnder = 0x1f
	backspace = 0x7f
)

// maxPaste is the size in bytes of the largest paste that is kept. readline
// draws the whole line again at every key, so more is of no use at a prompt.
const maxPaste = 1 << 20

// pasteEnd is what a terminal sends behind a bracketed paste.
const pasteEnd = "\x1b[201~"

// key is one unit of input: a rune that readline understands or a private one.
type key struct {
	r     rune
	paste string // runePaste: the text as the terminal sent it
	lost  int    // runePaste: bytes not kept, because there were more than maxPaste
}

type keyState int

const (
	stateGround     keyState = iota
	stateEscape              // behind ESC
	stateCSI                 // behind ESC [
	stateSS3                 // behind ESC O
	stateLinuxFn             // behind ESC [ [, a function key of the Linux console
	statePaste               // inside a bracketed paste
	stateCtrlX               // behind C-x
	stateUnbound             // inside a character of several bytes behind ESC
	maxKeyParameter = 32     // bytes of parameters kept; no key has nearly as many
)

// decoder turns the bytes of a terminal into keys. It works byte by byte, so
// it does not matter where reads cut the stream. It is not for concurrent use.
type decoder struct {
	state  keyState
	part   []byte // the beginning of a UTF-8 sequence
	params []byte // of a CSI sequence
	paste  []byte
	mark   int // bytes of pasteEnd seen at the end of the paste
	lost   int
	keys   []key // decoded and not yet taken
}

// feed decodes p and appends the keys found to d.keys. An unfinished sequence
// is kept for the next call.
func (d *decoder) feed(p []byte) {
	for _, b := range p {
		d.feedByte(b)
	}
}

func (d *decoder) feedByte(b byte) {
	switch d.state {
	case stateGround:
		d.ground(b)
	case stateEscape:
		d.escape(b)
	case stateCSI:
		d.csi(b)
	case stateSS3:
		d.state = stateGround
		if b < 0x20 || b >= backspace {
			d.ground(b)
			return
		}
		d.emit(cursorKey(b, false))
	case stateLinuxFn:
		d.state = stateGround
	case statePaste:
		d.pasted(b)
	case stateCtrlX:
		d.state = stateGround
		switch b {
		case ctrlE:
			d.emit(runeEditor)
		case ctrlU:
			d.emit(runeUndo)
		case ctrlC, escape:
			d.ground(b)
		}
	case stateUnbound:
		if b < utf8.RuneSelf || utf8.RuneStart(b) {
			d.state = stateGround
			d.ground(b)
		}
	}
}

// emit appends one key; 0 stands for a key that has no meaning here.
func (d *decoder) emit(r rune) {
	if r != 0 {
		d.keys = append(d.keys, key{r: r})
	}
}

func (d *decoder) ground(b byte) {
	if len(d.part) > 0 || b >= utf8.RuneSelf {
		d.text(b)
		return
	}
	switch {
	case b == escape:
		d.state = stateEscape
	case b == ctrlX:
		d.state = stateCtrlX
	case b < 0x20 || b == backspace:
		d.emit(controlKey(b))
	default:
		d.emit(rune(b))
	}
}

// text collects the bytes of one rune, so that a wake-up never falls between them.
func (d *decoder) text(b byte) {
	d.part = append(d.part, b)
	if !utf8.FullRune(d.part) {
		return
	}
	r, n := utf8.DecodeRune(d.part)
	rest := bytes.Clone(d.part[n:])
	d.part = d.part[:0]
	d.emit(lineRune(r))
	d.feed(rest)
}

// escape handles the byte behind ESC. A character that is not bound with Meta
// means nothing; a control character acts as if ESC had not been pressed.
func (d *decoder) escape(b byte) {
	d.state = stateGround
	switch b {
	case '[':
		d.state = stateCSI
		d.params = d.params[:0]
	case 'O':
		d.state = stateSS3
	case escape:
		d.state = stateEscape
	case 'b':
		d.emit(runeWordLeft)
	case 'f':
		d.emit(runeWordRight)
	case 'd':
		d.emit(runeWordDelete)
	case '.', '_':
		d.emit(runeLastArgument)
	case backspace, ctrlH:
		d.emit(runeWordBack)
	default:
		switch {
		case b < 0x20:
			d.ground(b)
		case b >= utf8.RuneSelf:
			d.state = stateUnbound
		}
	}
}

func (d *decoder) csi(b byte) {
	switch {
	case b == '[' && len(d.params) == 0:
		d.state = stateLinuxFn
	case b >= 0x20 && b < 0x40:
		if len(d.params) < maxKeyParameter {
			d.params = append(d.params, b)
		}
	case b >= 0x40 && b < backspace:
		d.state = stateGround
		d.csiKey(b)
	default: // no part of a sequence: the sequence was cut off
		d.state = stateGround
		d.ground(b)
	}
}

// csiKey acts on a whole CSI sequence with the final byte b.
func (d *decoder) csiKey(b byte) {
	number, modifier, _ := bytes.Cut(d.params, []byte(";"))
	word := string(modifier) == "5" || string(modifier) == "3" // Control or Alt
	if b != '~' {
		d.emit(cursorKey(b, word))
		return
	}
	switch string(number) {
	case "1", "7":
		d.emit(ctrlA)
	case "4", "8":
		d.emit(ctrlE)
	case "3":
		if word {
			d.emit(runeWordDelete)
		} else {
			d.emit(runeDelete)
		}
	case "200":
		d.state, d.paste, d.mark, d.lost = statePaste, nil, 0, 0
	}
}

// pasted takes one byte of a bracketed paste. Only the whole end mark ends it:
// its first byte occurs once in it, so a failed match restarts at that byte or not at all.
func (d *decoder) pasted(b byte) {
	if b != pasteEnd[d.mark] {
		d.keep(pasteEnd[:d.mark])
		d.mark = 0
	}
	if b != pasteEnd[d.mark] {
		d.keep(string([]byte{b}))
		return
	}
	if d.mark++; d.mark == len(pasteEnd) {
		d.keys = append(d.keys, key{r: runePaste, paste: string(d.paste), lost: d.lost})
		d.state, d.paste = stateGround, nil
	}
}

// keep appends to the paste as far as there is room.
func (d *decoder) keep(text string) {
	n := min(len(text), maxPaste-len(d.paste))
	d.paste = append(d.paste, text[:n]...)
	d.lost += len(text) - n
}

// cursorKey gives the rune for a cursor key with the final byte b; word says
// that a modifier asks for whole words.
func cursorKey(b byte, word bool) rune {
	switch b {
	case 'A':
		return ctrlP
	case 'B':
		return ctrlN
	case 'C':
		if word {
			return runeWordRight
		}
		return ctrlF
	case 'D':
		if word {
			return runeWordLeft
		}
		return ctrlB
	case 'H':
		return ctrlA
	case 'F':
		return ctrlE
	}
	return 0
}

// controlKey gives the rune for a control character. What readline has no
// binding for would end up in the line, NUL would end the input and C-t can
// make readline panic; they give 0.
func controlKey(b byte) rune {
	switch b {
	case ctrlW:
		return runeWordRubout
	case ctrlK:
		return runeKillEnd
	case ctrlU:
		return runeKillStart
	case ctrlY:
		return runeYank
	case ctrlUnder:
		return runeUndo
	case ctrlZ:
		return runeSuspend
	case tab:
		return runeComplete
	case 0, 0x0f, 0x11, ctrlT, 0x16, 0x1c, 0x1d, 0x1e:
		return 0
	}
	return rune(b)
}
