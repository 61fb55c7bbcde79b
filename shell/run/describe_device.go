package run

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/text"
	"github.com/qmpsh/qmpsh/shell/vm"
)

// DeviceDescription is what is known of a device type.
type DeviceDescription struct {
	Name        string         `json:"name"`
	Kind        string         `json:"kind"` // "device"
	Aliases     []string       `json:"aliases,omitempty"`
	Bus         string         `json:"bus,omitempty"`
	Category    string         `json:"category,omitempty"`
	Description string         `json:"description,omitempty"`
	Addable     bool           `json:"addable"` // by device_add
	Properties  []PropertyInfo `json:"properties,omitempty"`

	fatal bool
	only  string // the one property that was asked for; empty for all
}

// PropertyInfo is one property of a device type, in QEMU's words.
type PropertyInfo struct {
	Name        string          `json:"name"`
	Type        string          `json:"type"`
	Default     json.RawMessage `json:"default,omitempty"`
	Description string          `json:"description,omitempty"`
}

// describeDevice describes a device type, or the one property of it that a further word
// names. The error is a *qapi.NameError or a *WordError.
func describeDevice(k *vm.Knowledge, words []string) (*DeviceDescription, error) {
	t, known := k.Device(words[0])
	if !known {
		return nil, &qapi.NameError{Name: words[0], Near: qapi.Nearest(words[0], deviceNames(k))}
	}
	d := &DeviceDescription{
		Name: t.Name, Kind: "device", Aliases: t.Aliases, Bus: t.Bus, Category: t.Category,
		Description: t.About, Addable: t.Addable, fatal: t.Fatal,
	}
	var list []struct {
		PropertyInfo
		Default json.RawMessage `json:"default-value"`
	}
	if raw := k.Properties(t.Name); raw != nil && json.Unmarshal(raw, &list) != nil {
		list = nil
	}
	for _, p := range list {
		if strings.HasPrefix(p.Type, "child<") { // a part, which nobody sets
			continue
		}
		p.PropertyInfo.Default = p.Default
		d.Properties = append(d.Properties, p.PropertyInfo)
	}
	slices.SortFunc(d.Properties, func(a, b PropertyInfo) int { return cmp.Compare(a.Name, b.Name) })
	if len(words) == 1 {
		return d, nil
	}
	d.only = words[1]
	names := make([]string, len(d.Properties))
	for i, p := range d.Properties {
		names[i] = p.Name
	}
	i := slices.Index(names, d.only)
	if i < 0 || len(words) > 2 {
		last := words[len(words)-1]
		e := &WordError{Word: t.Name, Why: "has no property " + last}
		if near := qapi.Nearest(last, names); len(near) > 0 {
			e.Why += " (did you mean " + strings.Join(near, " or ") + "?)"
		}
		return nil, e
	}
	d.Properties = d.Properties[i : i+1]
	return d, nil
}

// deviceNames returns the names and aliases of all device types.
func deviceNames(k *vm.Knowledge) (names []string) {
	for _, d := range k.Devices() {
		names = append(append(names, d.Name), d.Aliases...)
	}
	return names
}

// listDevices returns the device types that match one of the patterns, which are known to
// be good.
func listDevices(k *vm.Knowledge, patterns []string) (list []qapi.Entry) {
	for _, d := range k.Devices() {
		if slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, _ := path.Match(pattern, d.Name)
			return ok
		}) {
			list = append(list, qapi.Entry{Name: d.Name, Kind: "device"})
		}
	}
	return list
}

// Text returns the description for people, in lines of at most width columns where words
// allow it.
func (d *DeviceDescription) Text(width int) string {
	name := d.Name
	if d.only == "" && len(d.Aliases) > 0 {
		name += "  (alias " + strings.Join(d.Aliases, ", ") + ")"
	}
	lines := []string{name, d.about()}
	switch {
	case d.fatal:
		lines = append(lines, "properties: unknown. The question about them ended a copy of this QEMU, and a device_add may do the same to a VM")
	case len(d.Properties) == 0:
		lines = append(lines, "properties: none")
	default:
		lines = append(lines, "properties:")
	}
	column := 0
	for _, p := range d.Properties {
		column = max(column, min(text.Width(p.Name), maxNameColumn))
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(text.Wrap(text.CleanLine(line), width, 2) + "\n")
	}
	for _, p := range d.Properties {
		line := "  " + text.Pad(text.CleanLine(p.Name), column+2) + text.CleanLine(p.about())
		b.WriteString(text.Wrap(line, width, column+2) + "\n")
	}
	return b.String()
}

// maxNameColumn is how wide the column of names may grow.
const maxNameColumn = 28

// about is what kind of device it is.
func (d *DeviceDescription) about() string {
	about := "device type"
	if d.Bus != "" {
		about += " on " + d.Bus
	}
	if d.Category != "" {
		about += ", " + d.Category
	}
	if !d.Addable {
		about += ", not for device_add"
	}
	if d.Description != "" {
		about += ": " + d.Description
	}
	return about
}

// about is a property's type, default and description.
func (p PropertyInfo) about() string {
	about := p.Type
	if p.Default != nil {
		about += ", default " + strings.Trim(string(p.Default), `"`)
	}
	if p.Description != "" && (p.Type != "bool" || p.Description != "on/off") {
		about += "; " + p.Description
	}
	return about
}
