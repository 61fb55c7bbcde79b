package completion

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// DeviceProperties asks for the properties of a device type: the answer to
// device-list-properties. It refuses to ask where the question alone would end
// QEMU. The server makes a device to answer it, and aborts when a part that the
// device consists of was built as a module that is not installed (seen with
// virtio-gpu-gl-pci and virtio-vga-gl of QEMU 7.2 in Debian). Only virtio's PCI
// devices wrap another type, which the server lists if it has it.
func DeviceProperties(ctx context.Context, ask Ask, driver string) (json.RawMessage, error) {
	s := server{ctx, ask}
	if inner, wraps := virtioPart(driver); wraps {
		types, err := fetch[deviceType](s, "qom-list-types", map[string]any{"implements": "device", "abstract": false})
		if err != nil {
			return nil, err
		}
		have := map[string]bool{}
		for _, t := range types {
			have[t.Name] = true
		}
		if !have[inner] && !have[inner+"-device"] {
			return nil, fmt.Errorf("the server lacks %s-device, which %s consists of", inner, driver)
		}
	}
	args, err := json.Marshal(map[string]string{"typename": driver})
	if err != nil {
		return nil, err
	}
	return ask(ctx, "device-list-properties", args)
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
