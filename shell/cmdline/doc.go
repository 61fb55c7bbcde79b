// Package cmdline is qmpsh's command language: it turns text into a command and does no I/O.
//
// A statement is one of
//
//	NAME key=value ...                a command; dotted keys nest
//	transaction( NAME key=value ... ) one action a line, over any number of lines
//	{"execute": "NAME", ...}          raw QMP, over any number of lines
//	.WORD anything                    for the shell itself
//
// White space separates words. A quote opens a string anywhere in a word, and quotes are not sent; inside, a backslash
// takes a quote or another backslash literally and is itself otherwise. A word or a value that begins with { or [ runs to
// the matching bracket, spaces and lines included; so does a JSON file name, json:{...}, which stays text. A # that begins a word starts a comment. A backslash that ends a line
// continues it; two of them do not.
//
// # What a value without quotes means
//
// The server's schema is not known here, so values get the type that QEMU's qmp-shell guesses: a JSON integer is a
// number with its own digits, true and false in any case are booleans, what begins with { or [ is JSON or a Python
// literal, and anything else is a string (see guess.go).
//
// # Where it differs from qmp-shell
//
//   - Every dotted key starts at the top. In qmp-shell the first dotted key drags all later ones below it, so that
//     "file.driver=file file.filename=x" sends {"file": {"driver": "file", "file": {"filename": "x"}}}.
//   - Quotes make a string and are not sent; qmp-shell sends them. An open quote is an error; qmp-shell drops it.
//   - Words that Python's int() takes but JSON does not (007, +60, 2024_01_15) are strings as typed. qmp-shell sends other
//     digits than those typed; time=+60 and password=0123 never worked.
//   - A value that looks like JSON but is broken is an error; qmp-shell sends it as a string. Bracketed text such as
//     [::1]:4444 or {c0ffee} is still a string.
//   - The same key twice inside a JSON value is an error (QEMU refuses it too); qmp-shell keeps the last.
//   - Empty parts of keys (a..b=1, =1) are errors; qmp-shell sends empty names.
//   - A comment, a trailing backslash and a word that begins with a dot have meanings of their own.
//   - "transaction (" and "transaction(NAME" open a transaction too, and an action may be a raw object. An open
//     transaction is never thrown away by a second "transaction(": that is an error.
//   - A command without arguments is sent without the member "arguments".
package cmdline
