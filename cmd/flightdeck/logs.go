package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
	"flightdeck/tui/widget/cell"
)

func (c *cli) logsVerb() *cobra.Command {
	var o backends.LogOptions
	var since time.Duration
	times := false
	cmd := &cobra.Command{
		Use: "logs RUN|JOB", Short: "Print a job's output; -f follows it", Args: cobra.ExactArgs(1),
		Long: `Print a job's output; -f follows it until the job ends.

On a terminal what a terminal would act on is made visible; into a pipe or a file
every byte goes as it was written, but for a last line without an end, which gets
one. -o json prints an object for each line.`,
		ValidArgsFunction: c.completeTargets(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Tail < 0 || since < 0 {
				return usageError("logs: --tail and --since are not negative")
			}
			lo, err := c.workspace()
			if err != nil {
				return err
			}
			ref, err := c.target(cmd.Context(), lo, args[0])
			if errors.Is(err, backends.ErrNotFound) {
				if b, r, otherErr := c.anyRun(cmd.Context(), args[0]); otherErr == nil && b.Name() != lo.Name() {
					return codeError{exitNotFound, fmt.Errorf("run %s is of source %s, which keeps no output; flightdeck show lists its files", r.Name, b.Name())}
				}
			}
			if err != nil {
				return err
			}
			if since > 0 {
				o.Since = c.now().Add(-since)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT)
			defer stop()
			err = c.printLogs(ctx, lo, ref, o, times, nil)
			if ctx.Err() != nil && cmd.Context().Err() == nil { // ctrl+c is how one stops following
				return codeError{code: 128 + int(syscall.SIGINT)}
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&o.Follow, "follow", "f", false, "go on until the job ends")
	cmd.Flags().Int64VarP(&o.Tail, "tail", "n", 0, "only the last lines")
	cmd.Flags().DurationVar(&since, "since", 0, "only what was seen since so long ago: 10m")
	cmd.Flags().BoolVarP(&times, "timestamps", "t", false, "when each line was seen")
	return cmd
}

// logWriter writes the lines of a job's output in one of the formats.
type logWriter struct {
	c     *cli
	out   io.Writer
	tty   bool
	times bool
	start bool // of a line
}

// printLogs writes lines as they come, over the bar if there is one.
func (c *cli) printLogs(ctx context.Context, lo *local.Local, ref backends.Ref, o backends.LogOptions, times bool, b *bar) error {
	w := &logWriter{c: c, out: c.out, tty: isTerminal(c.out), times: times, start: true}
	if c.format == "csv" {
		if err := w.row("seq", "time", "partial", "text"); err != nil {
			return err
		}
	}
	for line, err := range lo.Logs(ctx, ref, o) {
		if err != nil {
			if errors.Is(err, context.Canceled) && ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
		write := func() error { return w.write(line) }
		if b != nil {
			err = b.around(!line.Partial, write)
		} else {
			err = write()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *logWriter) write(line backends.LogLine) error {
	switch w.c.format {
	case "json":
		return w.object(line)
	case "csv":
		return w.row(strconv.FormatInt(line.Seq, 10), moment(line.Time), strconv.FormatBool(line.Partial), string(line.Text))
	}
	text := string(line.Text)
	if w.tty {
		text = cell.Safe(text)
	}
	if w.times && w.start {
		text = line.Time.Local().Format("2006-01-02T15:04:05.000") + "  " + text
	}
	if line.Skipped > 0 {
		text = fmt.Sprintf("… %d lines lost\n", line.Skipped) + text
	}
	if w.start = !line.Partial; w.start {
		text += "\n"
	}
	_, err := io.WriteString(w.out, text)
	return err
}

// object writes one line as one JSON object on one line.
func (w *logWriter) object(line backends.LogLine) error {
	doc, err := json.Marshal(struct {
		Seq     int64  `json:"seq"`
		Time    string `json:"time"`
		Text    string `json:"text"`
		Partial bool   `json:"partial,omitempty"`
		Skipped int64  `json:"skipped,omitempty"`
	}{line.Seq, moment(line.Time), string(line.Text), line.Partial, line.Skipped})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w.out, escapeJSON(string(doc))+"\n")
	return err
}

func (w *logWriter) row(cells ...string) error {
	if w.tty {
		for i := range cells {
			cells[i] = cell.Safe(cells[i])
		}
	}
	cw := csv.NewWriter(w.out)
	return errors.Join(cw.Write(cells), flush(cw))
}

func flush(w *csv.Writer) error {
	w.Flush()
	return w.Error()
}
