package render

import "github.com/qmpsh/qmpsh/shell/text"

// Sanitize is text.Clean.
func Sanitize(s string) string { return text.Clean(s) }

// SanitizeLine is text.CleanLine.
func SanitizeLine(s string) string { return text.CleanLine(s) }
