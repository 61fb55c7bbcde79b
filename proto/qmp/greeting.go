package qmp

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/qmpsh/qmpsh/proto"
)

// Greeting is the server's first message (QMP specification, "Server Greeting").
type Greeting struct {
	Version      Version
	Capabilities []string        // as offered, unknown ones included
	Raw          json.RawMessage // the whole message
}

// Version is the version of QEMU.
type Version struct {
	Major, Minor, Micro int
	Package             string // the distribution's name for its build; often empty
}

// String is "7.2.0", with the package behind it when there is one.
func (v Version) String() string {
	s := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Micro)
	if v.Package != "" {
		s += " (" + v.Package + ")"
	}
	return s
}

// Offers says whether the server offers a capability, such as "oob".
func (g *Greeting) Offers(capability string) bool {
	for _, c := range g.Capabilities {
		if c == capability {
			return true
		}
	}
	return false
}

// parseGreeting checks m as a greeting: QMP.version and QMP.capabilities must be there (Q1). Another message gives a
// *GreetingError of kind NotQMP.
func parseGreeting(m *Message) (*Greeting, error) {
	g, err := decodeGreeting(m.QMP)
	if err != nil {
		return nil, &GreetingError{Origin: proto.Here(), Kind: NotQMP, Received: m.Raw, Err: err}
	}
	g.Raw = m.Raw
	return g, nil
}

// decodeGreeting reads the value of the member "QMP".
func decodeGreeting(value json.RawMessage) (*Greeting, error) {
	if value == nil {
		return nil, errors.New("the member QMP is missing")
	}
	var body struct {
		Version *struct {
			QEMU *struct {
				Major, Minor, Micro int
			} `json:"qemu"`
			Package string `json:"package"`
		} `json:"version"`
		Capabilities *[]string `json:"capabilities"`
	}
	err := json.Unmarshal(value, &body)
	switch {
	case err != nil:
		return nil, err
	case body.Version == nil || body.Version.QEMU == nil:
		return nil, errors.New("QMP.version.qemu is missing")
	case body.Capabilities == nil:
		return nil, errors.New("QMP.capabilities is missing")
	}
	q := body.Version.QEMU
	return &Greeting{
		Version:      Version{Major: q.Major, Minor: q.Minor, Micro: q.Micro, Package: body.Version.Package},
		Capabilities: *body.Capabilities,
	}, nil
}
