package completion

// Insertion returns what takes the place of text[r.Start:r.End]: the whole candidate if there is one, with a space behind
// it where one may follow; else what all candidates begin with. ok is false if that is what stands there already: then it
// is time for List.
func (r Result) Insertion(text string) (insert string, ok bool) { return "", false }

// List returns the candidates as lines of at most width columns, at most maxRows of them, each with its end. Labels stand
// beside the candidates if that many rows do; else names stand in columns. A last line tells how many are left out.
func (r Result) List(width, maxRows int) string { return "" }
