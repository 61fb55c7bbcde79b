package proto

import "context"

// callbackOf is the key under which a context says that a callback of the Conn got it.
type callbackOf struct{ conn any }

// asCallback marks a context for a callback, so that a call which would wait for the
// callback itself can be refused (E23).
func (c *Conn[M]) asCallback(ctx context.Context) context.Context {
	return context.WithValue(ctx, callbackOf{c}, true)
}

// inCallback reports whether a call comes from one of the Conn's callbacks.
func (c *Conn[M]) inCallback(ctx context.Context) bool {
	return ctx.Value(callbackOf{c}) != nil
}
