package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/tui/widget/cell"
)

func (c *cli) mediaVerb() *cobra.Command {
	save := ""
	cmd := &cobra.Command{
		Use: "media RUN [KEY]", Short: "List a run's histograms, images and texts, or the steps of one key; --save writes them", Args: cobra.RangeArgs(1, 2),
		Long: `List a run's histograms, images, texts and sounds with their steps, or all that is
known of one key. --save writes images, texts and sounds into a folder, as they were
logged, each as KEY/STEP; one that is there already is left as it is.

  flightdeck media brisk-otter
  flightdeck media brisk-otter val/samples --save samples`,
		ValidArgsFunction: c.completeRunThen(cobra.NoFileCompletions),
		RunE: c.onRun(func(ctx context.Context, _ backends.Backend, r *backends.Run, args []string) error {
			shown, all, err := c.exhibits(ctx, r, args)
			if err != nil {
				return err
			}
			if save != "" {
				return c.saveMedia(ctx, r, shown, all, save)
			}
			return c.print(mediaListing(r, all, len(args) > 0))
		}),
	}
	cmd.Flags().StringVar(&save, "save", "", "write images, texts and sounds into this folder")
	return cmd
}

// exhibit is one key as -o json prints it.
type exhibit struct {
	backends.Media
	First  int64                `json:"first_step"`
	Last   int64                `json:"last_step"`
	Items  []backends.MediaItem `json:"items,omitempty"`
	Values []backends.Histogram `json:"histograms,omitempty"` // of a key that was named
}

// exhibits is all that a run logged beside numbers, or what has the key of args.
func (c *cli) exhibits(ctx context.Context, r *backends.Run, args []string) (*backends.Exhibits, []exhibit, error) {
	if twins := backends.Twins(r); len(twins) > 0 {
		c.from = nil // the twin is in a source that -s need not name
		all, err := c.sources(ctx)
		if err != nil {
			return nil, nil, err
		}
		c.readAll(ctx, slices.DeleteFunc(slices.Clone(all), func(s source) bool {
			return !slices.ContainsFunc(twins, func(t backends.Ref) bool { return t.Backend == s.name })
		}), backends.RunFilter{})
	}
	var from []backends.Backend
	if c.fleet != nil {
		from = c.fleet.backends()
	}
	shown, ok := backends.ExhibitsOf(from, r)
	if !ok {
		return shown, nil, nil
	}
	keys, err := shown.Media(ctx, r.Ref())
	if err != nil {
		return nil, nil, err
	}
	var all []exhibit
	for _, m := range keys {
		if len(args) > 0 && m.Key != args[0] {
			continue
		}
		one, err := exhibitOf(ctx, shown, r, m)
		if err != nil {
			return nil, nil, err
		}
		if len(args) == 0 {
			one.Values = nil
		}
		all = append(all, one)
	}
	if len(args) > 0 && len(all) == 0 {
		return nil, nil, fmt.Errorf("run %s has no %s beside its numbers: %w", r.Name, args[0], backends.ErrNotFound)
	}
	return shown, all, nil
}

func exhibitOf(ctx context.Context, shown *backends.Exhibits, r *backends.Run, m backends.Media) (e exhibit, err error) {
	e.Media = m
	if m.Kind == backends.MediaHistogram {
		if e.Values, err = shown.Histograms(ctx, r.Ref(), m.Key); len(e.Values) > 0 {
			e.First, e.Last = e.Values[0].Step, e.Values[len(e.Values)-1].Step
		}
		return e, err
	}
	if e.Items, err = shown.MediaItems(ctx, r.Ref(), m.Kind, m.Key); len(e.Items) > 0 {
		e.First, e.Last = e.Items[0].Step, e.Items[len(e.Items)-1].Step
	}
	return e, err
}

// mediaListing has a row for each key, or for each moment of the one that was named.
func mediaListing(r *backends.Run, all []exhibit, each bool) listing {
	l := listing{head: []string{"KIND", "KEY", "STEPS", "FIRST", "LAST"}, right: map[int]bool{2: true, 3: true, 4: true}, value: all, empty: "run " + safe(r.Name) + " logged numbers only"}
	if all == nil {
		l.value = []exhibit{}
	}
	if each {
		l.head, l.right = []string{"KIND", "KEY", "STEP", "INDEX", "TYPE", "WIDTH", "HEIGHT", "SIZE"}, map[int]bool{2: true, 3: true, 5: true, 6: true, 7: true}
	}
	for _, e := range all {
		kind := string(e.Kind)
		if !each {
			l.rows = append(l.rows, []string{kind, e.Key, strconv.Itoa(e.Steps), strconv.FormatInt(e.First, 10), strconv.FormatInt(e.Last, 10)})
			continue
		}
		for _, h := range e.Values {
			l.rows = append(l.rows, []string{kind, e.Key, strconv.FormatInt(h.Step, 10), "", plural(len(h.Count), "bucket"), "", "", ""})
		}
		for _, it := range e.Items {
			l.rows = append(l.rows, []string{kind, e.Key, strconv.FormatInt(it.Step, 10), strconv.Itoa(it.Index), it.Type, known(it.Width), known(it.Height), cell.Size(it.Size)})
		}
	}
	return l
}

func known(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// saveMedia writes what can be opened into a folder, under names that stay in it.
func (c *cli) saveMedia(ctx context.Context, r *backends.Run, shown *backends.Exhibits, all []exhibit, dir string) error {
	n := 0
	for _, e := range all {
		n += len(e.Items)
	}
	if c.dryRun {
		return c.showPlan(backends.Plan{
			Title: "Save what " + r.Name + " logged beside numbers", Summary: "Writes " + plural(n, "file") + " into " + dir + ".",
			Requests: []backends.Request{{Verb: "file", Target: dir}},
		})
	}
	if err := backends.Check(c.granted(ctx), "file", "save into "+dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	wrote := 0
	for _, e := range all {
		for _, it := range e.Items {
			new, err := saveItem(ctx, root, shown, r, e, it)
			if err != nil {
				return fmt.Errorf("save step %d of %s: %w", it.Step, e.Key, err)
			}
			if new {
				wrote++
			}
		}
	}
	c.say("%s written into %s, %d were there\n", plural(wrote, "file"), safe(dir), n-wrote)
	return nil
}

// saveItem writes one file; it reports whether it is new.
func saveItem(ctx context.Context, root *os.Root, shown *backends.Exhibits, r *backends.Run, e exhibit, it backends.MediaItem) (bool, error) {
	name := path.Join(fileName(e.Key), strconv.FormatInt(it.Step, 10))
	if it.Index > 0 {
		name += "-" + strconv.Itoa(it.Index)
	}
	name += extension(e.Kind, it.Type)
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return false, err
	}
	from, err := shown.OpenMedia(ctx, r.Ref(), it)
	if err != nil {
		return false, err
	}
	defer from.Close()
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(err, root.Remove(name)) // half a file would be left as it is the next time
	}
	return err == nil, err
}

// fileName is a key as a path that can be made anywhere and leads nowhere else.
func fileName(key string) string {
	key = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(key, "_"))
	var parts []string
	for part := range strings.SplitSeq(key, "/") {
		if part = strings.TrimSpace(part); part == ".." || part == "." {
			part = "_"
		}
		if part != "" {
			parts = append(parts, part[:min(len(part), 200)])
		}
	}
	if len(parts) == 0 {
		return "_"
	}
	return path.Join(parts...)
}

func extension(kind backends.MediaKind, mediaType string) string {
	switch mediaType {
	case "image/png":
		return ".png"
	case "image/jpeg":
		return ".jpg"
	case "text/plain", "text/markdown":
		return ".txt"
	}
	if all, err := mime.ExtensionsByType(mediaType); err == nil && len(all) > 0 {
		return all[0]
	}
	if kind == backends.MediaText {
		return ".txt"
	}
	return ""
}
