package cmdline

import (
	"encoding/json"
	"strings"
	"unicode"
)

// FromWords reads the words of exec, which the user's own shell has split already: each is taken as it is, spaces and
// all. Only a value that is one quoted string as a whole loses these quotes, so that key='"1"' sends a string. A |, > or
// >> that is a word of its own starts a filter or names a file. A single word that holds white space or begins with { is
// a line for Parse. A fault is an *Error.
func FromWords(words []string) (Statement, error) {
	text := strings.Join(words, " ")
	if strings.HasPrefix(text, "{") && (len(words) == 1 || json.Valid([]byte(text))) || len(words) == 1 && strings.ContainsFunc(text, unicode.IsSpace) {
		st, err := Parse(text)
		if err != nil && text[0] == '{' && !strings.ContainsAny(text, `"'`) {
			return Statement{}, tookQuotes(word{}, 0).in(text)
		}
		return st, err
	}
	if f := badBytes(text); f != nil {
		return Statement{}, f.in(text)
	}
	if len(words) == 0 || len(words) == 1 && words[0] == "" {
		return Statement{}, nil
	}
	if strings.HasPrefix(words[0], ".") {
		return Statement{Kind: Dot, Word: words[0], Args: words[1:], Rest: strings.Join(words[1:], " "), text: text}, nil
	}
	if !strings.ContainsAny(text, `"'`) && (strings.HasPrefix(words[0], "{") || strings.HasPrefix(words[0], "execute:")) {
		return Statement{}, tookQuotes(word{}, 0).in(text)
	}
	tokens := tokensOf(words)
	p := parser{st: Statement{text: text, words: tokens}, verbatim: true}
	lines, f := p.splitLines(text, tokens)
	if forgot := forgotten(text, tokens, true); forgot != nil {
		f = forgot
	}
	if f == nil {
		f = p.lines(lines)
	}
	if f != nil {
		return Statement{}, p.st.fails(f)
	}
	return p.st, nil
}

// tokensOf makes the tokens of words that are joined by spaces.
func tokensOf(words []string) []Token {
	tokens := make([]Token, 0, len(words))
	at, file := 0, false
	for i, s := range words {
		t := Token{Kind: Word, Start: at, End: at + len(s), Eq: -1}
		at = t.End + 1
		value := s
		if i := strings.IndexByte(s, '='); i >= 0 {
			t.Eq, value = t.Start+i, s[i+1:]
		}
		t.Bracket = value != "" && (value[0] == '{' || value[0] == '[')
		switch {
		case file:
			t.Role, t.Eq, t.Bracket = FileName, -1, false
		case s == "|" && i > 0:
			t.Kind, t.Eq = Filter, -1
			for _, rest := range words[i+1:] {
				t.End += 1 + len(rest)
			}
			return append(tokens, t)
		case (s == ">" || s == ">>") && i > 0:
			t.Kind = Into
		}
		file = t.Kind == Into
		tokens = append(tokens, t)
	}
	return tokens
}
