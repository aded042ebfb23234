package train

import "errors"

// unlessDeleted is a sink's error, nil when it only says that somebody deleted the
// run: deleting hides what was recorded, and does not stop the training. Points
// are kept meanwhile (recorder), so that a run that is restored in time has all.
func unlessDeleted(err error) error {
	var refused interface{ RunDeleted() bool }
	if errors.As(err, &refused) && refused.RunDeleted() {
		return nil
	}
	return err
}
