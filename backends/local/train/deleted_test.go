package train

import (
	"context"
	"errors"
	"io"
	"testing"

	"flightdeck/backends"
)

// away is how an endpoint refuses: because the run was deleted, or for good.
type away struct{ deleted bool }

func (away) Error() string      { return "refused" }
func (a away) RunDeleted() bool { return a.deleted }

// hidden is a sink whose run is deleted as soon as it is made, and restored after
// so many refused calls; 0 is never.
type hidden struct {
	*memory
	why     away
	refused int
	restore int
}

func (h *hidden) gone() error {
	if h.restore > 0 && h.refused >= h.restore {
		return nil
	}
	h.refused++
	return errors.Join(errors.New("log"), h.why)
}

func (h *hidden) Params(context.Context, []backends.Param) error   { return h.gone() }
func (h *hidden) Tags(context.Context, []backends.Tag) error       { return h.gone() }
func (h *hidden) Inputs(context.Context, []backends.Dataset) error { return h.gone() }
func (h *hidden) Artifact(context.Context, string, []byte) error   { return h.gone() }
func (h *hidden) Finish(context.Context, backends.RunStatus) error { return h.gone() }
func (h *hidden) Metrics(ctx context.Context, p []backends.Metric) error {
	if err := h.gone(); err != nil {
		return err
	}
	return h.memory.Metrics(ctx, p)
}

// Deleting a run does not stop its training, and one that is restored while it
// trains has every point. Any other refusal ends it.
func TestDeletedWhileItTrains(t *testing.T) {
	whole, _ := train(t, config(t, "sentiment"))
	for _, restore := range []int{0, 1, 3, 4} {
		h := &hidden{memory: &memory{}, why: away{deleted: true}, restore: restore}
		if err := Run(granted(), config(t, "sentiment"), h, io.Discard); err != nil {
			t.Errorf("deleted, and restored after %d calls (0 is never): %v", restore, err)
		}
		if h.refused == 0 {
			t.Error("nothing was refused: this tests nothing")
		}
		if got, want := len(h.values("val_acc")), len(whole.values("val_acc")); restore > 0 && (got != want || want == 0) {
			t.Errorf("restored after %d calls it has %d points, want %d", restore, got, want)
		}
	}
	if err := Run(granted(), config(t, "sentiment"), &hidden{memory: &memory{}, why: away{deleted: false}}, io.Discard); err == nil {
		t.Error("a refusal for another reason is taken for a deleted run")
	}
}
