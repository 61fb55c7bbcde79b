// Package text is the boundary between what others wrote and a person's terminal: which
// characters are harmless there, how the others are spelt out, and how many columns text takes.
//
// One set of characters holds for all of qmpsh, see Visible. Text for people goes through a
// Writer, or through shell/terminal, and both clean what they get; only a Painted, which nobody
// but this package can make, goes out as it is. So a caller who forgets about the danger gets
// harmless text, and one who forgets about colours sees their codes spelt out.
package text
