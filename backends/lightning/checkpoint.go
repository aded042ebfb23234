package lightning

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/folder"
)

// Tags that say which checkpoint is the newest: its path among the artifacts, and
// the epoch and step that its name gives.
const (
	TagCheckpoint      = "lightning.checkpoint"
	TagCheckpointEpoch = "lightning.checkpoint.epoch"
	TagCheckpointStep  = "lightning.checkpoint.step"
)

// checkpoints tells which checkpoint is the one with the greatest step. Only names
// are read: a checkpoint is a pickle, and unpickling runs what it says.
func (r *reader) checkpoints(to folder.Sink) {
	entries, err := os.ReadDir(filepath.Join(r.place.Path, checkpointsDir))
	if err != nil {
		return
	}
	var best checkpoint
	for _, e := range entries {
		c := parseCheckpoint(e.Name())
		if c.name != "" && (best.name == "" || c.after(best)) {
			best = c
		}
	}
	if tags := best.tags(); !slices.Equal(tags, r.tags) {
		r.tags = tags
		to.Tags(tags...)
	}
}

// checkpoint is what the name of a .ckpt file says; epoch and step are -1 when it
// says none.
type checkpoint struct {
	name        string
	epoch, step int64
}

// parseCheckpoint reads epoch=3-step=400.ckpt, with other values between and -v1
// behind when the name was taken. The name is empty for another kind of file.
func parseCheckpoint(name string) checkpoint {
	stem, ok := strings.CutSuffix(name, ".ckpt")
	if !ok {
		return checkpoint{epoch: -1, step: -1}
	}
	return checkpoint{name: name, epoch: after(stem, "epoch="), step: after(stem, "step=")}
}

// after is the number behind word, where word is not the end of another one:
// global_step= is no step=.
func after(s, word string) int64 {
	for i := 0; ; {
		j := strings.Index(s[i:], word)
		if j < 0 {
			return -1
		}
		i += j
		if i == 0 || strings.ContainsRune("-_ .", rune(s[i-1])) && !strings.HasSuffix(s[:i], "global_") {
			digits := s[i+len(word):]
			if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
				digits = digits[:end]
			}
			if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
				return n
			}
		}
		i += len(word)
	}
}

func (c checkpoint) after(o checkpoint) bool {
	if c.step != o.step {
		return c.step > o.step
	}
	return c.epoch > o.epoch
}

func (c checkpoint) tags() []backends.Tag {
	if c.name == "" {
		return nil
	}
	out := []backends.Tag{{Key: TagCheckpoint, Value: path.Join(checkpointsDir, c.name)}}
	if c.epoch >= 0 {
		out = append(out, backends.Tag{Key: TagCheckpointEpoch, Value: strconv.FormatInt(c.epoch, 10)})
	}
	if c.step >= 0 {
		out = append(out, backends.Tag{Key: TagCheckpointStep, Value: strconv.FormatInt(c.step, 10)})
	}
	return out
}
