// qmpsh is an interactive shell for the QEMU Machine Protocol (QMP).
package main

import (
	"os"

	"github.com/qmpsh/qmpsh/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:], cmd.System{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
	}))
}
