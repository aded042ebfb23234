// Package lines finds metrics in what a program prints: so that a plain script has
// curves without a change.
//
// Read are JSON and Python dictionaries, a line each, and pairs in prose:
//
//	{"step": 3, "loss": 0.1}
//	step=10 loss=0.5 acc=0.9
//	Epoch 3/10 loss: 0.53 - acc: 0.91
//	100/100 ━━━━━━━ 3s 30ms/step - accuracy: 0.91 - loss: 0.53
//	Train Epoch: 1 [640/60000 (1%)]	Loss: 2.304281
//	 42%|████▏     | 42/100 [00:01<00:02, 25.1it/s, loss=0.31]
//
// A number is a metric if its name is a word and one of these holds:
//
//   - the line says where in the training it is: a step (step, global_step, iter,
//     iteration, batch, update, round, epoch) or a count with its total (42/100);
//   - a part of the name is a measure: loss, acc, accuracy, auc, f1, mae, rmse …;
//   - lines with exactly these names have come three times, and the number, one with
//     a decimal point, was another each time. The first two count then as well.
//
// In no case is it one if the name says what it is instead: pid, port, seed, rank,
// time, eta, version …, the number of something (num_, n_, max_, total_), or a
// setting (…_size, …_weight, …_decay). Words, dates, addresses and
// numbers with a unit (3s, 12GB) are none; 91.3% is 91.3.
//
// The point's step is, of those in the line, the one that rises the fastest; a
// count within an epoch goes on over the epochs. Without any, or with half an epoch,
// it is the number of the point. The epoch itself is a metric too. A line that a progress bar has
// written over (\r) is read once for each writing. Escape sequences count for
// nothing.
package lines

import (
	"context"
	"time"

	"flightdeck/backends"
)

// Follower reads a job's output.
func Follower() backends.Follower { return follower{} }

type follower struct{}

func (follower) Kind() string { return "lines" }

const (
	sendEvery = time.Second
	sendFirst = 3 * time.Second // what is in files, too, is to be found there first
	sendAt    = 500             // points
	lastLook  = 3 * time.Second
)

// Follow implements backends.Follower. Lines are read from the first one on: after
// a restart everything comes again, at the same steps.
func (f follower) Follow(ctx context.Context, from backends.FollowSource, sink backends.FollowSink) error {
	if from.Lines == nil {
		<-ctx.Done()
		return nil
	}
	in := &feed{sink: backends.FollowedBy(sink, f.Kind()), parser: NewParser()}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what was found last is sent after ctx
	defer cancel()
	lines := make(chan backends.LogLine)
	failed := make(chan error, 1)
	go func() {
		failed <- pass(ctx, own, from, lines)
		close(lines)
	}()
	tick := time.NewTimer(sendFirst)
	defer tick.Stop()
	early := true
	for {
		select {
		case l, ok := <-lines:
			if !ok {
				in.end()
				last, stop := context.WithTimeout(own, lastLook)
				defer stop()
				if err := in.send(last); err != nil {
					return err
				}
				if err := <-failed; err != nil {
					return err
				}
				<-ctx.Done() // the output has ended: there is nothing to come back for
				return nil
			}
			if in.take(l); len(in.batch) >= sendAt && !in.stuck && !early {
				in.stuck = in.send(ctx) != nil
			}
		case <-tick.C:
			in.stuck, early = in.send(ctx) != nil, false
			tick.Reset(sendEvery)
		}
	}
}

// pass hands over the lines until ctx ends, and then those that were there by then.
func pass(ctx, own context.Context, from backends.FollowSource, to chan<- backends.LogLine) error {
	var at place
	hand := func(l backends.LogLine) {
		select {
		case to <- at.beyond(l):
		case <-own.Done():
		}
	}
	for l, err := range from.Lines(ctx, backends.LogOptions{Follow: true}) {
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return err
		}
		hand(l)
	}
	last, stop := context.WithTimeout(own, lastLook)
	defer stop()
	at.skip = at.given
	for l, err := range from.Lines(last, backends.LogOptions{From: at.seq}) {
		if err != nil {
			return err
		}
		hand(l)
	}
	return nil
}

// place is how far the output was handed over.
type place struct {
	seq   int64 // the piece at hand
	given int   // bytes of it that were handed over
	skip  int   // bytes of it that come again
}

// beyond is the part of a piece that is new.
func (p *place) beyond(l backends.LogLine) backends.LogLine {
	if l.Seq != p.seq {
		p.seq, p.given, p.skip = l.Seq, 0, 0
	}
	n := min(p.skip, len(l.Text))
	l.Text, p.skip = l.Text[n:], p.skip-n
	p.given += len(l.Text)
	if !l.Partial {
		p.seq, p.given, p.skip = l.Seq+1, 0, 0
	}
	return l
}
