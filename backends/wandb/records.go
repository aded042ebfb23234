package wandb

import (
	"fmt"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder/flat"
)

// Fields of wandb_internal.Record.
const (
	recHistory     = 2
	recSummary     = 3
	recOutput      = 4
	recConfig      = 5
	recStats       = 7
	recOutputRaw   = 13
	recRun         = 17
	recExit        = 18
	recEnvironment = 26
)

// Fields of RunRecord, EnvironmentRecord and RunExitRecord.
const (
	runProject = 3
	runConfig  = 4
	runGroup   = 6
	runJobType = 7
	runName    = 8
	runNotes   = 9
	runTags    = 10
	runSweep   = 12
	runHost    = 13
	runStart   = 17
	runGit     = 21

	envArgs     = 5
	envProgram  = 6
	envGit      = 9
	envHost     = 12
	envUser     = 13
	envPython   = 14
	gitCommit   = 2
	exitCode    = 1
	exitRuntime = 2
)

// Tags of a run that are W&B's own. A label of the run is a tag with the value "true".
const (
	TagGroup   = "wandb.group"
	TagJobType = "wandb.job_type"
	TagSweep   = "wandb.sweep"
)

// record takes one record of the log.
func (r *reader) record(rec []byte, at span) error {
	var failed error
	err := fields(rec, func(f field) {
		var err error
		switch m := f.message(); f.num {
		case recHistory:
			err = r.history(m)
		case recSummary:
			err = r.summary(m)
		case recConfig:
			err = r.config(m)
		case recStats:
			err = r.stats(m)
		case recRun:
			err = r.run(m)
		case recEnvironment:
			err = r.environment(m)
		case recExit:
			err = r.exit(m)
		case recOutput, recOutputRaw:
			r.out.add(m, at)
		}
		if err != nil && failed == nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	return failed
}

func (r *reader) run(m message) error {
	var failed error
	err := fields(m, func(f field) {
		s := string(f.data)
		switch f.num {
		case runConfig:
			failed = r.config(f.message())
		case runProject:
			r.info.Experiment = s
		case runName:
			r.info.Name = s
		case runStart:
			r.info.Start = time.UnixMilli(f.message().millis()).UTC()
		case runGroup:
			r.tag(TagGroup, s)
		case runJobType:
			r.tag(TagJobType, s)
		case runNotes:
			r.tag(backends.TagNote, s)
		case runTags:
			r.tag(s, "true")
		case runSweep:
			r.tag(TagSweep, s)
		case runHost:
			r.tag(backends.TagHost, s)
		case runGit:
			r.tag(backends.TagGitCommit, f.message().text(gitCommit))
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

func (r *reader) environment(m message) error {
	var python, program string
	var args []string
	err := fields(m, func(f field) {
		s := string(f.data)
		switch f.num {
		case envArgs:
			args = append(args, s)
		case envProgram:
			program = s
		case envPython:
			python = s
		case envUser:
			r.info.User = s
		case envHost:
			if !r.tagged(backends.TagHost) {
				r.tag(backends.TagHost, s)
			}
		case envGit:
			r.tag(backends.TagGitCommit, f.message().text(gitCommit))
		}
	})
	if program != "" {
		r.tag(backends.TagSource, program)
		command := append([]string{program}, args...)
		if python != "" {
			command = append([]string{python}, command...)
		}
		r.tag(backends.TagCommand, backends.Join(command))
	}
	return err
}

// exit is how the process ended, told by itself. Its runtime in seconds is 0 when it
// was not told: then the end is when the log was written last.
func (r *reader) exit(m message) error {
	r.info.Status = backends.RunFinished
	r.info.End = r.written
	r.exited = true
	return fields(m, func(f field) {
		switch {
		case f.num == exitCode && int32(f.v) != 0:
			r.info.Status = backends.RunFailed
			r.tag(backends.TagExit, fmt.Sprintf("exit %d", int32(f.v)))
		case f.num == exitRuntime && int32(f.v) > 0 && !r.info.Start.IsZero():
			r.info.End = r.info.Start.Add(time.Duration(int32(f.v)) * time.Second)
		}
	})
}

// config takes changes of the configuration; a key's later value replaces the
// earlier. W&B's own entry is left out, and what was removed stays.
func (r *reader) config(m message) error {
	var failed error
	err := items(m, func(it item) {
		if it.path[0] == "_wandb" {
			return
		}
		p, err := flat.JSON(strings.Join(it.path, "."), it.raw)
		if err != nil && failed == nil {
			failed = fmt.Errorf("config %q: %w", it.path, err)
		}
		r.params = append(r.params, p...)
	})
	if err == nil {
		err = failed
	}
	return err
}

func (r *reader) tag(key, value string) {
	if key != "" && value != "" {
		r.tags = append(r.tags, backends.Tag{Key: key, Value: value})
	}
}

func (r *reader) tagged(key string) bool {
	for _, t := range r.tags {
		if t.Key == key {
			return true
		}
	}
	return false
}
