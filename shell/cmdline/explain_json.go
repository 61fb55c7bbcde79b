package cmdline

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// badJSON makes the fault for JSON that the type does not take, at the place inside it where that is known.
func (b *binder) badJSON(v *value, t *qapi.Type, err error) *fault {
	var bad *qapi.ValueError
	if !errors.As(err, &bad) {
		return &fault{at: v.at, msg: oneLine(err.Error())}
	}
	if v.form == sourced && !b.showsSource(v) {
		return b.wrongType(v, t)
	}
	f := b.explainValue(bad)
	f.at = v.at
	if v.form != sourced && json.Valid([]byte(v.text)) && errors.As(t.Check([]byte(v.text)), &bad) {
		f.at += bad.Offset
	}
	return f
}

// explainValue puts a fault inside JSON into the words that dotted keys get.
func (b *binder) explainValue(bad *qapi.ValueError) *fault {
	f := &fault{hint: nearHint(bad.Near)}
	var last string
	owner := b.label()
	if n := len(bad.Keys); n > 0 {
		owner, last = b.label(bad.Keys[:n-1]...), bad.Keys[n-1]
	}
	switch bad.Fault {
	case qapi.UnknownMember:
		f.msg = fmt.Sprintf("%s has no argument %s", owner, quoteWord(last))
		if bad.Tag != "" {
			f.msg += fmt.Sprintf(" with %s=%s", bad.TagName, bad.Tag)
		}
		if f.hint == "" && len(bad.Cases) > 0 {
			f.hint = casesHint(bad.TagName, bad.Cases)
		}
	case qapi.MissingMember:
		f.msg = fmt.Sprintf("%s lacks the argument %s", owner, quoteWord(last))
	case qapi.DuplicateMember:
		f.msg, f.hint = b.label(bad.Keys...)+" is given twice", "remove one of the two"
	case qapi.UnknownValue:
		f.msg = fmt.Sprintf("%s has no value %s", b.label(bad.Keys...), bad.Got)
		if f.hint == "" && bad.Type != nil && bad.Type.Enum != nil {
			f.hint = listHint("it is one of", bad.Type.Enum.Names())
		}
	case qapi.WrongType:
		f.msg = fmt.Sprintf("%s takes %s, not %s", b.label(bad.Keys...), due(bad.Type), bad.Got)
	default:
		f.msg = b.label(bad.Keys...) + ": " + bad.Problem()
	}
	return f
}

// enumOf returns the enum that the type is or has among its choices, nil if it has none.
func enumOf(t *qapi.Type) *qapi.Type {
	if t.Kind == qapi.KindEnum {
		return t
	}
	if t.Kind == qapi.KindAlternate {
		if i := slices.IndexFunc(t.Alternate.Types, func(t *qapi.Type) bool { return t.Kind == qapi.KindEnum }); i >= 0 {
			return t.Alternate.Types[i]
		}
	}
	return nil
}
