package store

import (
	"errors"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// models unpacks what registered models, their versions and logged models hold.
func (k *checker) models() error {
	for _, q := range [...]struct{ kind, query string }{
		{"model", "SELECT name, tags, x'' FROM models"},
		{"model version", "SELECT model || '/' || version, tags, x'' FROM versions"},
		{"logged model", "SELECT id, tags, params FROM logged_models"},
	} {
		err := k.c.each(q.query, func(s *sqlite.Stmt) error {
			_, errTags := unpackPairs[backends.Tag](s.ColumnText(1), nil)
			_, errParams := unpackPairs[backends.Param](s.ColumnText(2), nil)
			if err := errors.Join(errTags, errParams); err != nil {
				k.add(q.kind, s.ColumnText(0), err.Error(), "")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
