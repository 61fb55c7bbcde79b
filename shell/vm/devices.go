package vm

import (
	"bufio"
	"bytes"
	"strings"
)

// DeviceType is a type of device that a binary knows.
type DeviceType struct {
	Name     string   `json:"name"`
	Aliases  []string `json:"aliases,omitempty"`  // what device_add takes in place of the name
	Bus      string   `json:"bus,omitempty"`      // that it is plugged into
	About    string   `json:"about,omitempty"`    // in QEMU's words
	Category string   `json:"category,omitempty"` // "Network", "Storage"; several are joined by commas
	Addable  bool     `json:"addable"`            // by device_add or -device; not a part that only boards are made of
	Fatal    bool     `json:"fatal,omitempty"`    // a question about it ended the copy
}

// parseDeviceHelp reads what -device help prints:
//
//	Network devices:
//	name "e1000", bus PCI, alias "e1000-82540em", desc "Intel Gigabit Ethernet"
//
// A type of several categories stands under each.
func parseDeviceHelp(text []byte) []DeviceType {
	var list []DeviceType
	at := map[string]int{}
	category := ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if head, ok := strings.CutSuffix(line, " devices:"); ok {
			category = head
			continue
		}
		d, ok := parseDeviceLine(line)
		if !ok {
			continue
		}
		if i, again := at[d.Name]; again {
			list[i].Category += ", " + category
			continue
		}
		d.Category, d.Addable = category, true
		at[d.Name] = len(list)
		list = append(list, d)
	}
	return list
}

// parseDeviceLine reads one line. What it does not know, it passes over.
func parseDeviceLine(line string) (d DeviceType, ok bool) {
	for line != "" {
		var key, value string
		key, line, ok = strings.Cut(line, " ")
		if !ok {
			return d, false
		}
		if rest, quoted := strings.CutPrefix(line, `"`); quoted {
			// A description is not escaped, and is the last.
			end := strings.Index(rest, `", `)
			if key == "desc" || end < 0 {
				end = max(strings.LastIndexByte(rest, '"'), 0)
			}
			value, line = rest[:end], strings.TrimPrefix(strings.TrimPrefix(rest[end:], `"`), ", ")
		} else {
			value, line, _ = strings.Cut(line, ", ")
		}
		switch key {
		case "name":
			d.Name = value
		case "bus":
			d.Bus = value
		case "alias":
			d.Aliases = append(d.Aliases, value)
		case "desc":
			d.About = value
		}
	}
	return d, d.Name != ""
}
