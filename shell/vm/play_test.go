package vm

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// play is the program of a fake QEMU. One that is started as a copy leaves a file
// behind that says so.
func play(what string) {
	if slices.Contains(os.Args, "none,accel=qtest:tcg:kvm") || slices.Contains(os.Args, "--monitor") {
		if f, err := os.Create(os.Args[0] + ".ran"); err == nil {
			f.Close()
		}
	}
	if slices.Contains(os.Args, "help") {
		if what == "modules" {
			os.Exit(134)
		}
		fmt.Println("Network devices:\n" +
			`name "nic", bus PCI, alias "net", desc "A card, of sorts"` + "\n\n" +
			"Misc devices:\n" +
			`name "bomb", bus ISA` + "\n" + `name "report"`)
		for what == "help-flood" {
			fmt.Println(strings.Repeat("name ", 1000))
		}
		return
	}
	switch what {
	case "sleep":
		time.Sleep(time.Minute)
	case "mute", "forks":
		if what == "forks" {
			child := exec.Command("/proc/self/exe")
			child.Args, child.Env = []string{"sleeper"}, []string{"QMPSH_TEST_PLAY=sleep"}
			_ = child.Start()
		}
		time.Sleep(time.Minute)
	case "dies":
		os.Exit(1)
	case "server": // takes one connection of the socket that it was handed
		if l, err := net.FileListener(os.NewFile(3, "socket")); err == nil {
			_, _ = l.Accept()
			time.Sleep(time.Minute)
		}
	case "learner": // learns the binary of the process in $QMPSH_TEST_PID until it is killed
		pid, _ := strconv.Atoi(os.Getenv("QMPSH_TEST_PID"))
		if b, err := OfProcess(pid); err == nil {
			_, _ = Learn(context.Background(), b)
		}
	default:
		answer(what)
	}
}

// answer speaks QMP on descriptor 4.
func answer(what string) {
	conn := os.NewFile(4, "monitor")
	fmt.Fprintln(conn, `{"QMP": {"version": {"qemu": {"major": 10, "minor": 1, "micro": 2}, "package": "fake"}, "capabilities": []}}`)
	in := bufio.NewScanner(conn)
	for in.Scan() {
		var q struct {
			ID        json.RawMessage `json:"id"`
			Execute   string          `json:"execute"`
			Arguments struct{ Typename string }
		}
		if json.Unmarshal(in.Bytes(), &q) != nil {
			continue
		}
		if q.Execute == "query-qmp-schema" {
			switch what {
			case "hangs":
				time.Sleep(time.Minute)
			case "floods":
				for line := bytes.Repeat([]byte(" "), 1<<16); ; {
					if _, err := conn.Write(line); err != nil {
						return
					}
				}
			case "events":
				for {
					fmt.Fprintln(conn, `{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 1}}`)
				}
			}
		}
		if what == "modules" && q.Execute == "qom-list-types" {
			os.Exit(134)
		}
		if q.Arguments.Typename == "bomb" || what == "all-bombs" && q.Execute == "device-list-properties" {
			os.Exit(134)
		}
		fmt.Fprintf(conn, "{\"return\": %s, \"id\": %s}\n", reply(q.Execute, q.Arguments.Typename), q.ID)
	}
}

const fakeSchema = `[{"name": "stop", "meta-type": "command", "arg-type": "0", "ret-type": "0"},
	{"name": "set", "meta-type": "command", "arg-type": "1", "ret-type": "0"},
	{"name": "0", "meta-type": "object", "members": []},
	{"name": "1", "meta-type": "object", "members": [{"name": "to", "type": "[2]"}]},
	{"name": "[2]", "meta-type": "array", "element-type": "2"},
	{"name": "2", "meta-type": "enum", "values": ["a", "b"], "members": [{"name": "a"}, {"name": "b"}]}]`

func reply(command, device string) string {
	switch command {
	case "query-qmp-schema":
		return strings.ReplaceAll(fakeSchema, "\n", "")
	case "qom-list-types":
		return `[{"name": "nic"}, {"name": "bomb"}, {"name": "report"}, {"name": "zpart"}]`
	case "device-list-properties":
		if device == "report" {
			return report()
		}
		return fmt.Sprintf(`[{"name": "%s-speed", "type": "uint32"}]`, device)
	}
	return "{}"
}

// report tells what a copy finds around it, as properties.
func report() string {
	var core, files, space unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_CORE, &core)
	_ = unix.Getrlimit(unix.RLIMIT_FSIZE, &files)
	_ = unix.Getrlimit(unix.RLIMIT_AS, &space)
	nice, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	folder, _ := os.ReadDir(".")
	_, create := os.Create("file")
	session, _ := unix.Getsid(0)
	oom, _ := os.ReadFile("/proc/self/oom_score_adj")
	values := map[string]string{
		"environment": strings.Join(os.Environ(), " "),
		"core":        fmt.Sprint(core.Max), "files": fmt.Sprint(files.Max), "space": fmt.Sprint(space.Max),
		"nice":   fmt.Sprint(20 - nice),
		"folder": fmt.Sprint(len(folder)), "create": fmt.Sprint(create != nil),
		"session": fmt.Sprint(session == os.Getpid()),
		"oom":     strings.TrimSpace(string(oom)),
	}
	var list []map[string]string
	for name, value := range values {
		list = append(list, map[string]string{"name": name, "type": value})
	}
	raw, _ := json.Marshal(list)
	return string(raw)
}

// fake puts the test program into a folder of its own, under a name that says what it
// plays, and returns its path.
func fake(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(qmptest.Dir(t), name)
	// In a process of its own: a file that we have open for writing, were it only in a
	// child that is being started meanwhile, cannot be run.
	if out, err := exec.Command("cp", fmt.Sprintf("/proc/%d/exe", os.Getpid()), path).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	return path
}

// playing makes a fake and examines it as the program of a process.
func playing(t testing.TB, what string) *Binary {
	t.Helper()
	return ofProcess(t, sleeping(t, fake(t, "qemu-system-"+what)))
}

func ofProcess(t testing.TB, pid int) *Binary {
	t.Helper()
	b, err := OfProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// sleeping starts the program at path so that it does nothing, and returns its pid.
func sleeping(t testing.TB, path string) int {
	t.Helper()
	cmd := exec.Command(path)
	cmd.Args = []string{"sleeper"} // nothing to play by this name
	cmd.Env = append(os.Environ(), "QMPSH_TEST_PLAY=sleep")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

// running counts the processes of the program at path.
func running(t testing.TB, path string) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, _ := os.Readlink(link); to == path {
			n++
		}
	}
	return n
}
