// Package vm knows QEMU as a program on this machine: which binary a process
// runs, whether it may be started, and what that binary answers when a throw-away
// copy of it is asked.
//
// A running VM is not to be questioned for curiosity: QEMU answers some innocent
// questions by loading modules or by making a device, and has been seen to abort
// over them. So a copy without a machine is asked in its place (Learn), and what
// it said is kept under the identity of the file (Store), as Knowledge.
package vm
