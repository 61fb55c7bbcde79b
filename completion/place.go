package completion

func complete(text string, cursor int, e Env) Result { return Result{Start: cursor, End: cursor} }
func completeWords(words []string, last string, e Env) ([]Candidate, bool) { return nil, false }
func hint(text string, e Env) string { return "" }
