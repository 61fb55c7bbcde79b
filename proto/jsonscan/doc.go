// Package jsonscan reads JSON where it stands: it checks a text and says where its tokens are, without decoding or copying
// them. It is the only reader of JSON in this module but for the language's own literals and the redactor, which must
// understand broken text. (encoding/json/jsontext would do much of it, but needs an experiment in Go 1.26.)
//
// A [Scanner] goes over a text that is whole, token by token or member by member. A [Tape] lays it out, for who must look
// at a value more than once. A [Framer] finds the end of a message in a stream that comes in pieces. [Check] says whether
// QEMU would read a text that is about to be sent.
//
// There are two sets of rules. What comes from a server is read by RFC 8259, with bytes above 0x7F as they are, 10,000
// deep. What goes to QEMU is read as QEMU reads it ([NewForQEMU]): 1,024 deep, in valid UTF-8, without code points that
// are no characters, and without numbers that its scanner refuses.
package jsonscan
