// Package terminal is the line editor of the interactive shell: prompt, keys,
// paste, history, and text printed above a line that is still being typed.
// It knows nothing of QMP.
//
// It is the only importer of github.com/chzyer/readline and exists to work
// round that library's limits. The ideas behind it:
//
//   - readline is touched by one goroutine at a time. Everything that other
//     goroutines want (text above the prompt, a new prompt, a resize) is
//     recorded under a lock, and the input hands readline a private rune. The
//     filter that sees the rune does the work on readline's own goroutine.
//   - The input hands out one key and waits until readline has dealt with it.
//     So nothing is read ahead: what is typed while no ReadLine runs stays in
//     the terminal's queue, for the next ReadLine or for the parent shell.
//   - Keys are decoded here. readline never sees an escape sequence, a tab or
//     a control character that it mishandles.
//   - The cursor is placed by the screen, not by readline's backspaces, which
//     are wrong at a row's edge and behind wide characters.
//   - Between two ReadLines the terminal is in the state in which Open found it.
package terminal
