package store

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"

	"flightdeck/backends"
)

// DeleteRuns moves runs to the deleted stage, all or none. RestoreRuns undoes it.
func (r *runs) DeleteRuns(ctx context.Context, ids []string) error {
	return r.stage(ctx, "delete runs", ids, true)
}

// RestoreRuns brings deleted runs back.
func (r *runs) RestoreRuns(ctx context.Context, ids []string) error {
	return r.stage(ctx, "restore runs", ids, false)
}

func (r *runs) stage(ctx context.Context, what string, ids []string, deleted bool) error {
	return r.write(ctx, what, func(t *tx) error {
		for _, id := range ids {
			w, err := t.row(id)
			if err != nil {
				return err
			}
			if w.deleted == deleted {
				continue
			}
			w.deleted, w.changed = deleted, true
			if err := t.save(w); err != nil {
				return err
			}
		}
		return nil
	})
}

// PurgeRuns removes deleted runs for good, with their points and with those of
// their files that no other run has. It needs a grant for what cannot be undone.
// A run that is not deleted is refused.
func (r *runs) PurgeRuns(ctx context.Context, ids []string) error {
	var blobs []string
	err := r.writeRisk(ctx, "purge runs", backends.Destructive, func(t *tx) error {
		for _, id := range ids {
			w, err := t.row(id)
			if err != nil {
				return err
			}
			if !w.deleted {
				return invalid("The run %s must be in the 'deleted' state. Current state is active.", id)
			}
			more, err := t.purge(w)
			if err != nil {
				return err
			}
			blobs = append(blobs, more...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return files{r.db}.drop(ctx, blobs)
}

func (t *tx) purge(w *row) (blobs []string, err error) {
	err = t.each("SELECT digest FROM artifacts WHERE run = ?", func(s *sqlite.Stmt) error {
		blobs = append(blobs, s.ColumnText(0))
		return nil
	}, w.n)
	if err != nil {
		return nil, err
	}
	t.touch(ofRuns | ofMetrics)
	return blobs, errors.Join(
		t.exec("DELETE FROM tail WHERE id >= ? AND id < ?", w.n<<tailShift, (w.n+1)<<tailShift),
		t.exec("DELETE FROM chunks WHERE run = ?", w.n),
		t.exec("DELETE FROM artifacts WHERE run = ?", w.n),
		t.exec("DELETE FROM logged_metrics WHERE run = ?", w.n),
		t.exec("DELETE FROM run_models WHERE run = ?", w.n),
		t.exec("DELETE FROM runs WHERE n = ?", w.n),
		t.exec("INSERT INTO purged VALUES (?, ?)", w.n, t.rev),
	)
}
