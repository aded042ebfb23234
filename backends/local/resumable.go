package local

import (
	"context"
	"fmt"

	"flightdeck/backends"
)

// unfinished refuses to go on with a job whose run finished: its command would find
// nothing left to do. A run that was stopped, failed or diverged can go on.
func (l *Local) unfinished(ctx context.Context, job string, target backends.Ref) error {
	runs, err := l.runsOf(ctx, job)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.Status != backends.RunFinished || r.Diverged != "" {
			return nil
		}
	}
	if len(runs) == 0 {
		return nil
	}
	return fmt.Errorf("resume %s: it finished; restart runs it again", target)
}
