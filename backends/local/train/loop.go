package train

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// progress is how far training has come. Within an epoch it is enough to go on at
// the next batch, since an epoch's order depends on the seed and the epoch alone.
type progress struct {
	epoch, batch  int // finished epochs, and batches of the one after them
	steps         int64
	loss          float64 // sums over the samples of the epoch so far
	correct, seen int
}

// epochs trains to the end. It is true when training stopped because it diverged.
func (t *trainer) epochs(ctx context.Context) (diverged bool, err error) {
	for t.at.epoch < t.cfg.Epochs {
		rate := rateAt(t.cfg, t.at.epoch)
		diverged, err := t.epoch(ctx, rate)
		if err != nil {
			return false, err
		}
		if err := t.endEpoch(ctx, rate); err != nil {
			return false, err
		}
		if diverged {
			fmt.Fprintf(t.out, "diverged: the loss of step %d is not a number that training can go on from; stopped\n", t.at.steps)
			return true, nil
		}
		if err := t.checkpoint(ctx); err != nil {
			return false, err
		}
		if t.at.epoch < t.cfg.Epochs && !wait(ctx, t.cfg.Throttle) {
			return false, t.stopped(ctx)
		}
	}
	return false, nil
}

// epoch trains on the batches that are left of an epoch.
func (t *trainer) epoch(ctx context.Context, rate float64) (diverged bool, err error) {
	order := slices.Clone(t.data.train)
	newPCG(uint64(t.cfg.Seed), forOrder+uint64(t.at.epoch)).shuffle(order)
	for from := t.at.batch * t.cfg.Batch; from < len(order); from += t.cfg.Batch {
		if ctx.Err() != nil {
			if err := t.checkpoint(context.WithoutCancel(ctx)); err != nil {
				return false, err
			}
			return false, t.stopped(ctx)
		}
		loss := t.step(order[from:min(from+t.cfg.Batch, len(order))], rate)
		t.rec.add("loss", loss, t.at.steps)
		if !finite(loss) && t.cfg.OnNaN != "continue" {
			return true, nil
		}
	}
	return false, nil
}

// step trains on one batch and gives its mean loss.
func (t *trainer) step(batch []int, rate float64) float64 {
	sum := 0.0
	for _, i := range batch {
		loss, class := t.model.sample(i, true)
		sum += loss
		if class == t.data.y[i] {
			t.at.correct++
		}
	}
	t.opt.step(rate, len(batch))
	t.at.loss += sum
	t.at.seen += len(batch)
	t.at.batch++
	t.at.steps++
	return sum / float64(len(batch))
}

// endEpoch validates, logs and prints. Training loss and accuracy are means of
// what the batches had before each was learned from.
func (t *trainer) endEpoch(ctx context.Context, rate float64) error {
	valLoss, valAcc := t.mean(t.data.val)
	trainLoss, trainAcc := t.at.loss/float64(t.at.seen), float64(t.at.correct)/float64(t.at.seen)
	t.at = progress{epoch: t.at.epoch + 1, steps: t.at.steps}
	for _, m := range []struct {
		key   string
		value float64
	}{
		{"epoch", float64(t.at.epoch)},
		{"train_loss", trainLoss},
		{"train_acc", trainAcc},
		{"val_loss", valLoss},
		{"val_acc", valAcc},
		{"lr", rate},
	} {
		t.rec.add(m.key, m.value, t.at.steps)
	}
	t.rec.flushSometimes(ctx)
	width := len(fmt.Sprint(t.cfg.Epochs))
	_, err := fmt.Fprintf(t.out, "epoch %*d/%d  loss %s  val_loss %s  val_acc %.4f\n", width, t.at.epoch, t.cfg.Epochs, short(trainLoss), short(valLoss), valAcc)
	if err != nil {
		return fmt.Errorf("print progress: %w", err)
	}
	return nil
}

// short writes a loss, which may have become very large.
func short(loss float64) string {
	if loss < 1e4 {
		return fmt.Sprintf("%.4f", loss)
	}
	return fmt.Sprintf("%.3e", loss)
}

// mean is the loss and the accuracy on a part of the data.
func (t *trainer) mean(part []int) (loss, accuracy float64) {
	correct := 0
	for _, i := range part {
		l, class := t.model.sample(i, false)
		loss += l
		if class == t.data.y[i] {
			correct++
		}
	}
	n := float64(len(part))
	return loss / n, float64(correct) / n
}

// stopped is the error of a training that was told to stop.
func (t *trainer) stopped(ctx context.Context) error {
	return fmt.Errorf("stopped after %d of %d epochs at step %d, resumable: %w", t.at.epoch, t.cfg.Epochs, t.at.steps, ctx.Err())
}

// wait is false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
