package run

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// maxFiltered is how much memory the values of a result may take for a filter. Small objects take forty times their text,
// so a reply of 64 MiB could ask for more than the machine has.
const maxFiltered = 1 << 30

// decode makes the values of jq of JSON. Strings are parts of one copy of src, and objects and arrays have just the room
// that they need. Numbers keep their digits.
func decode(src []byte) (any, error) {
	d := decoder{scan: jsonscan.New(src)}
	if need := d.measure(); need > maxFiltered {
		return nil, fmt.Errorf("the result has %d MiB and would take %d MiB of memory here; send it into a file instead (> FILE), "+
			"and filter that with jq --stream", len(src)>>20, need>>20)
	}
	d.scan, d.text = jsonscan.New(src), string(src)
	value := d.value(d.scan.Next())
	return value, d.scan.Err()
}

// decoder reads one value. Its recursion ends at the depth limit of jsonscan.
type decoder struct {
	scan  jsonscan.Scanner
	text  string
	sizes []uint32 // of the objects and arrays, in the order of their beginnings
}

// measure notes the sizes of all objects and arrays, and returns about how many bytes of memory the values will take.
func (d *decoder) measure() (need int) {
	var open []int
	for kind := d.scan.Next(); kind != jsonscan.None; kind = d.scan.Next() {
		switch kind {
		case jsonscan.ObjectEnd, jsonscan.ArrayEnd:
			last := len(open) - 1
			if n := int(d.sizes[open[last]]); kind == jsonscan.ObjectEnd && n > 0 {
				need += 48 + (n+7)/8*264 // the groups of a map
			}
			open = open[:last]
			continue
		case jsonscan.Name:
			continue
		case jsonscan.Object, jsonscan.Array:
			need += 24
		default:
			need += 16
		}
		if len(open) > 0 {
			d.sizes[open[len(open)-1]]++
			need += 16
		}
		if kind == jsonscan.Object || kind == jsonscan.Array {
			open = append(open, len(d.sizes))
			d.sizes = append(d.sizes, 0)
		}
	}
	return need
}

// size returns the size of the next object or array.
func (d *decoder) size() int {
	n := d.sizes[0]
	d.sizes = d.sizes[1:]
	return int(n)
}

// value returns the value that begins with a token of that kind. After a fault it returns anything.
func (d *decoder) value(kind jsonscan.Kind) any {
	switch kind {
	case jsonscan.Object:
		return d.object()
	case jsonscan.Array:
		return d.array()
	case jsonscan.String:
		return d.string()
	case jsonscan.True:
		return true
	case jsonscan.False:
		return false
	case jsonscan.Integer:
		token := d.token()
		if n, err := strconv.Atoi(token); err == nil && token != "-0" {
			return n
		}
		return json.Number(token)
	case jsonscan.Fraction:
		return json.Number(d.token())
	}
	return nil
}

func (d *decoder) object() any {
	object := make(map[string]any, d.size())
	for d.scan.Next() == jsonscan.Name {
		name := d.string()
		object[name] = d.value(d.scan.Next())
	}
	return object
}

func (d *decoder) array() any {
	array := make([]any, 0, d.size())
	for kind := d.scan.Next(); kind != jsonscan.ArrayEnd && kind != jsonscan.None; kind = d.scan.Next() {
		array = append(array, d.value(kind))
	}
	return array
}

// token returns the token as it is written.
func (d *decoder) token() string {
	return d.text[d.scan.Start() : d.scan.Start()+len(d.scan.Token())]
}

// string returns the text of a string or a name.
func (d *decoder) string() string {
	token := d.scan.Token()
	if text := jsonscan.AppendText(nil, token); len(text) != len(token)-2 {
		return string(text)
	}
	return d.text[d.scan.Start()+1 : d.scan.Start()+len(token)-1]
}
