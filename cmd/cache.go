package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/text"
	"github.com/qmpsh/qmpsh/shell/vm"
)

func newCacheCmd(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Show what is kept of QEMU binaries",
		Long: `Show of which QEMU binaries the schema and the device types are kept, so that a
running VM need not be asked for them. It is safe to throw away at any time.`,
		Example: `  qmpsh cache
  qmpsh cache clear`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return showCache(o) },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "clear",
		Short: "Throw away what is kept of QEMU binaries",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return clearCache(o) },
	})
	return cmd
}

// cacheEntry is a binary as -o json shows it.
type cacheEntry struct {
	Binary  string    `json:"binary"` // empty for a file that is damaged
	Version string    `json:"version"`
	Learned time.Time `json:"learned"`
	Devices int       `json:"devices"` // how many device types are known; 0 if only the schema is
	Bytes   int64     `json:"bytes"`
	File    string    `json:"file"`
}

func showCache(o *options) error {
	s := o.store()
	list, err := s.List()
	if err != nil {
		return usagef("the cache: %v", err)
	}
	if o.output != "" {
		return cacheData(o, list)
	}
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%s\n", cacheLine(e))
	}
	switch {
	case s.Dir == "":
		b.WriteString("nothing is kept: there is no home folder, or --no-cache is given\n")
	case len(list) == 0:
		b.WriteString("nothing is kept in " + text.CleanLine(s.Dir) + "\n")
	}
	if _, err := fmt.Fprint(o.sys.Out, b.String()); err != nil {
		return &run.OutputError{Err: err}
	}
	return nil
}

func cacheLine(e vm.Entry) string {
	if e.Path == "" {
		return text.CleanLine(e.File) + ": damaged"
	}
	what := "schema"
	if e.Whole {
		what = fmt.Sprintf("schema and %d device types", e.Devices)
	}
	return text.CleanLine(fmt.Sprintf("%s, QEMU %s: %s, learned %s, %d kB",
		e.Path, e.Version, what, e.Learned.Local().Format("2006-01-02 15:04"), (e.Size+500)/1000))
}

func cacheData(o *options, list []vm.Entry) error {
	data := []cacheEntry{}
	for _, e := range list {
		data = append(data, cacheEntry{e.Path, e.Version, e.Learned, e.Devices, e.Size, e.File})
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if err := o.results()(context.Background(), nil, qmp.Reply{Return: raw, Raw: raw}); err != nil {
		return &run.OutputError{Err: err}
	}
	return nil
}

func clearCache(o *options) error {
	s := o.store()
	n, err := s.Clear()
	if err != nil {
		return usagef("the cache: %v", err)
	}
	if _, err := fmt.Fprintf(o.sys.Out, "%d removed\n", n); err != nil {
		return &run.OutputError{Err: err}
	}
	return nil
}
