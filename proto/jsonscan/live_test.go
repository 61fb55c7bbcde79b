package jsonscan_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// pieces are values at the edge of what JSON is and of what QEMU reads.
var pieces = []string{
	"0", "-0", "0.0", "-0.0", "1e5", "1E+5", "0e1", "-0e1", "0E0", "00", "1.", ".5", "-", "+1", "1e400", "-1e400", "1e-400",
	"123456789012345678901234567890", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
	"18446744073709551616", "1.7976931348623157e308", "1.7976931348623159e308", "5e-324",
	`""`, `"\u0000"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ude00\ud83d"`, `"\udbff\udfff"`, `"\uffff"`, `"\ufdd0"`, "\"\ufdef\"", "\"\ufffd\"",
	"\"\U0010FFFD\"", "\"\U0001FFFE\"", "\"é\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xf4\x8f\xbf\xbf\"", "\"\xf5\x80\x80\x80\"",
	"\"\x7f\"", "\"\u0080\"", "\"\u2028\"", `"\/"`, `"\x41"`, `"\u00e"`, `"\U0041"`, "true", "nul", "True", "NaN", "Infinity",
	"[]", "{}", "[1,]", "[,1]", `{"a":1,}`, `{"a":1,"a":2}`, `{"a":{"a":1}}`, `{a:1}`, "{\"a\"\t:\r1}", "[1 2]", "\"a\tb\"", "[\x0b1]", "[\u00a01]",
	`{"\u0061":1,"a":2}`, `{"":1,"":2}`,
}

// Check takes what a real QEMU takes and nothing else. The exceptions are numbers that come back as inf, and QEMU's
// own way to write U+0000 in two bytes, which is no UTF-8.
func TestLive_CheckReadsAsQEMUDoes(t *testing.T) {
	path, _ := qmptest.QMP(t)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	lines := bufio.NewReader(conn)
	answer := func(until string) string {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(line, until) {
				return line
			}
		}
	}
	fmt.Fprintln(conn, `{"execute": "qmp_capabilities"}`)
	answer(`"return"`)
	random := rand.New(rand.NewPCG(7, 9))
	for i := range 1500 {
		value := pieces[i%len(pieces)]
		for i >= len(pieces) && random.IntN(3) > 0 {
			other := pieces[random.IntN(len(pieces))]
			value = []string{"[" + value + ", " + other + "]", `{"k": ` + value + `, "l":` + other + "}"}[random.IntN(2)]
		}
		message := `{"execute": "query-name", "id": ` + value + "}"
		refusal := jsonscan.Check([]byte(message), 0)
		// Behind the message, what brings a QEMU that lost its way back to it.
		fmt.Fprint(conn, message, "\n]}\n", `{"execute": "query-name", "id": "sync"}`, "\n")
		first := answer("{")
		answer(`"sync"`)
		taken := strings.Contains(first, `"return"`)
		infinite := refusal != nil && strings.Contains(refusal.Error(), "out of range")
		if !infinite && taken != (refusal == nil) || infinite && taken && !strings.Contains(first, "inf") {
			t.Errorf("%q: Check says %v, QEMU %s", message, refusal, first)
		}
	}
}
