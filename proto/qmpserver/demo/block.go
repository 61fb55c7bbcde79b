package demo

import (
	"fmt"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

const (
	gib      = int64(1) << 30
	folder   = "/var/lib/demo/"
	diskPath = "/machine/peripheral/virtio-disk0/virtio-backend"
)

// node is a block node. Nodes of the driver qcow2 have a file node below, whose
// name is theirs with "-file".
type node struct {
	name    string
	driver  string
	path    string
	backing *node
	ro      bool
	virtual int64 // size as the guest sees it, bytes
	actual  int64 // size on the host's disk, bytes
	bitmaps []*bitmap
	job     *job // that uses the node
}

// newNodes is the machine's storage when it starts: a disk on top of a base
// image, and an empty image to copy it to.
func newNodes() []*node {
	base := &node{name: "base0", driver: "qcow2", path: folder + "base.qcow2", ro: true, virtual: 20 * gib, actual: 1503461376}
	disk := &node{name: "disk0", driver: "qcow2", path: folder + "disk0.qcow2", backing: base, virtual: 20 * gib, actual: 3326476288}
	backup := &node{name: "backup0", driver: "qcow2", path: folder + "backup0.qcow2", virtual: 20 * gib, actual: 200704}
	var all []*node
	for _, n := range []*node{backup, disk, base} {
		file := &node{name: n.name + "-file", driver: "file", path: n.path, ro: n.ro, virtual: n.actual - 3584, actual: n.actual}
		all = append(all, n, file)
	}
	return all
}

func (d *Machine) node(name string) *node {
	for _, n := range d.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}

// findNode is node with QEMU's complaint when there is none.
func (d *Machine) findNode(name string) (*node, error) {
	if n := d.node(name); n != nil {
		return n, nil
	}
	return nil, qmpserver.Errorf("Cannot find device='%s' nor node-name='%s'", name, name)
}

func (n *node) depth() int {
	depth := 0
	for b := n.backing; b != nil; b = b.backing {
		depth++
	}
	return depth
}

// The members of the types below are in the order QEMU prints them.

type imageInfo struct {
	BackingImage  *imageInfo `json:"backing-image,omitempty"`
	BackingFormat string     `json:"backing-filename-format,omitempty"`
	VirtualSize   int64      `json:"virtual-size"`
	Filename      string     `json:"filename"`
	ClusterSize   int        `json:"cluster-size,omitempty"`
	Format        string     `json:"format"`
	ActualSize    int64      `json:"actual-size"`
	Specific      any        `json:"format-specific,omitempty"`
	FullBacking   string     `json:"full-backing-filename,omitempty"`
	Backing       string     `json:"backing-filename,omitempty"`
	DirtyFlag     bool       `json:"dirty-flag"`
}

type qcow2Info struct {
	Type string `json:"type"`
	Data struct {
		Compat          string `json:"compat"`
		CompressionType string `json:"compression-type"`
		LazyRefcounts   bool   `json:"lazy-refcounts"`
		RefcountBits    int    `json:"refcount-bits"`
		Corrupt         bool   `json:"corrupt"`
		ExtendedL2      bool   `json:"extended-l2"`
	} `json:"data"`
}

type cacheInfo struct {
	NoFlush   bool `json:"no-flush"`
	Direct    bool `json:"direct"`
	Writeback bool `json:"writeback"`
}

type nodeInfo struct {
	IopsRd         int          `json:"iops_rd"`
	DetectZeroes   string       `json:"detect_zeroes"`
	Image          imageInfo    `json:"image"`
	IopsWr         int          `json:"iops_wr"`
	RO             bool         `json:"ro"`
	NodeName       string       `json:"node-name"`
	BackingDepth   int          `json:"backing_file_depth"`
	Driver         string       `json:"drv"`
	Iops           int          `json:"iops"`
	BpsWr          int          `json:"bps_wr"`
	WriteThreshold int          `json:"write_threshold"`
	BackingFile    string       `json:"backing_file,omitempty"`
	Bitmaps        []bitmapInfo `json:"dirty-bitmaps,omitempty"`
	Encrypted      bool         `json:"encrypted"`
	Bps            int          `json:"bps"`
	BpsRd          int          `json:"bps_rd"`
	Cache          cacheInfo    `json:"cache"`
	File           string       `json:"file"`
}

type driveInfo struct {
	IOStatus  string    `json:"io-status"`
	Device    string    `json:"device"`
	Locked    bool      `json:"locked"`
	Removable bool      `json:"removable"`
	Inserted  *nodeInfo `json:"inserted,omitempty"`
	QDev      string    `json:"qdev"`
	TrayOpen  *bool     `json:"tray_open,omitempty"`
	Type      string    `json:"type"`
}

func (n *node) image(flat bool) imageInfo {
	info := imageInfo{VirtualSize: n.virtual, Filename: n.path, Format: n.driver, ActualSize: n.actual}
	if n.driver == "qcow2" {
		q := qcow2Info{Type: "qcow2"}
		q.Data.Compat, q.Data.CompressionType, q.Data.RefcountBits = "1.1", "zlib", 16
		info.ClusterSize, info.Specific = 65536, q
	}
	if n.backing != nil {
		info.BackingFormat, info.FullBacking, info.Backing = n.backing.driver, n.backing.path, n.backing.path
		if !flat {
			below := n.backing.image(flat)
			info.BackingImage = &below
		}
	}
	return info
}

func (n *node) info(flat bool) nodeInfo {
	info := nodeInfo{
		DetectZeroes: "off",
		Image:        n.image(flat),
		RO:           n.ro,
		NodeName:     n.name,
		BackingDepth: n.depth(),
		Driver:       n.driver,
		Bitmaps:      n.bitmapInfos(),
		Cache:        cacheInfo{Writeback: true},
		File:         n.path,
	}
	if n.backing != nil {
		info.BackingFile = n.backing.path
	}
	return info
}

// grow makes an image n bytes larger on the host's disk.
func (d *Machine) grow(n *node, bytes int64) {
	n.actual = min(n.actual+bytes, n.virtual)
	if file := d.node(n.name + "-file"); file != nil {
		file.actual, file.virtual = n.actual, n.actual-3584
	}
}

func blockCommands() map[string]command {
	return map[string]command{
		"query-block": func(d *Machine, _ *qmpserver.Conversation, _ arguments) (any, error) {
			root, tray := d.root.info(false), false
			return []driveInfo{
				{IOStatus: "ok", Inserted: &root, QDev: diskPath, Type: "unknown"},
				{IOStatus: "ok", Removable: true, QDev: "cd0", TrayOpen: &tray, Type: "unknown"},
			}, nil
		},
		"query-blockstats": func(_ *Machine, _ *qmpserver.Conversation, a arguments) (any, error) {
			if a.bool("query-nodes", false) {
				return nil, qmpserver.Errorf("The demo does not simulate the argument 'query-nodes'")
			}
			raw, _ := fixedReply("query-blockstats")
			return raw, nil
		},
		"query-named-block-nodes": func(d *Machine, _ *qmpserver.Conversation, a arguments) (any, error) {
			list := make([]nodeInfo, len(d.nodes))
			for i, n := range d.nodes {
				list[i] = n.info(a.bool("flat", false))
			}
			return list, nil
		},
	}
}

// hmpBlock is the text of "info block".
func (d *Machine) hmpBlock() string {
	r := d.root
	text := fmt.Sprintf("%s: %s (%s)\r\n    Attached to:      %s\r\n    Cache mode:       writeback\r\n",
		r.name, r.path, r.driver, diskPath)
	if r.backing != nil {
		text += fmt.Sprintf("    Backing file:     %s (chain depth: %d)\r\n", r.backing.path, r.depth())
	}
	return text + "\r\ncd0: [not inserted]\r\n    Attached to:      cd0\r\n    Removable device: not locked, tray closed\r\n"
}
