// Package cmdline is qmpsh's command language, which docs/language.md describes for users: it turns text into a command
// and does no I/O.
//
// A statement passes three steps. Lex finds the words; completion uses it too, in unfinished text. Parse and FromWords
// make a Statement of them: the command's name, and a tree of arguments whose values have no types yet, because the word
// that selects a union's branch may come behind the words that it governs, and because a one-shot command should not
// fetch a schema that it does not need (Statement.NeedsSchema). Bind then gives the values the types that the schema
// says, or without one those they look like (guess.go), and refuses what the schema does not allow.
//
// What is not in the text is the caller's to fetch between Parse and Bind: the Statement's Sources, the schema, and the
// properties of devices and objects, which Bind asks for.
//
// A Joiner says whether a statement needs more lines. Redact masks the secrets of a line for the history, RedactMessage
// those of a message.
//
// Every step takes time linear in the length of the text, and the nesting of brackets and keys is limited, so that no
// text exhausts the stack.
package cmdline
