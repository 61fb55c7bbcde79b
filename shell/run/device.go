package run

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// harmless refuses a device-list-properties that would end QEMU. The server makes a
// device to answer it, and aborts when a part that the device consists of was built
// as a module that is not installed (seen with virtio-gpu-gl-pci and virtio-vga-gl of
// QEMU 7.2 in Debian). Only virtio's PCI devices wrap another type, which the server
// lists if it has it.
func (s *Schemas) harmless(ctx context.Context, args json.RawMessage) error {
	var of struct{ Typename string }
	if err := json.Unmarshal(args, &of); err != nil {
		return err
	}
	inner, wraps := virtioPart(of.Typename)
	if !wraps {
		return nil
	}
	raw, err := s.ask(ctx, "qom-list-types", json.RawMessage(`{"implements": "device", "abstract": false}`))
	if err != nil {
		return err
	}
	var types []struct{ Name string }
	if err := json.Unmarshal(raw, &types); err != nil {
		return err
	}
	for _, t := range types {
		if t.Name == inner || t.Name == inner+"-device" {
			return nil
		}
	}
	return fmt.Errorf("the server lacks %s-device, which %s consists of", inner, of.Typename)
}

// virtioPart returns the name of what a virtio device on a bus wraps, without the
// "-device" that most of them end in.
func virtioPart(driver string) (inner string, wraps bool) {
	if !strings.HasPrefix(driver, "virtio-") && !strings.HasPrefix(driver, "vhost-") {
		return "", false
	}
	for _, bus := range []string{"-pci", "-pci-transitional", "-pci-non-transitional", "-ccw"} {
		if inner, ok := strings.CutSuffix(driver, bus); ok {
			return inner, true
		}
	}
	if before, after, ok := strings.Cut(driver, "-vga"); ok {
		return before + "-gpu" + after, true
	}
	return "", false
}
