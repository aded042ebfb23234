package transfer

import (
	"fmt"
	"strings"
)

// Report is what was copied, and what could not be.
type Report struct {
	Source      string    `json:"source"`
	Destination string    `json:"destination"`
	Runs        []RunDone `json:"runs"`
	Models      int       `json:"model_versions"`
	Lost        []Lost    `json:"not_carried"` // in the order in which it was met
}

// RunDone is one run of the report.
type RunDone struct {
	Source    string `json:"source_run_id"`
	ID        string `json:"run_id"`
	Name      string `json:"run_name"`
	State     string `json:"state"` // "copied", "continued", "already there"
	Points    int    `json:"points"`
	Artifacts int    `json:"artifacts"`
	Bytes     int64  `json:"bytes"`
}

// Lost is one thing that could not be carried as it was. Run is its run's name, ""
// for what is of none.
type Lost struct {
	Run  string `json:"run,omitempty"`
	What string `json:"what"` // "params.text", "histograms of weights/0"
	Why  string `json:"why"`
}

func (r *Report) lost(what, run, why string) {
	r.Lost = append(r.Lost, Lost{run, what, why})
}

// String is the report in words, a line for each thing that was not carried.
func (r *Report) String() string {
	count := map[string]int{}
	points, files := 0, 0
	for _, d := range r.Runs {
		count[d.State]++
		points += d.Points
		files += d.Artifacts
	}
	var parts []string
	for _, state := range []string{stateCopied, stateContinued, stateThere} {
		if n := count[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) == 0 {
		parts = []string{"no run"}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s → %s: %s; %d points, %d files, %d model versions\n", r.Source, r.Destination, strings.Join(parts, ", "), points, files, r.Models)
	for _, l := range r.Lost {
		if l.Run != "" {
			fmt.Fprintf(&b, "  not carried: %s: %s: %s\n", l.Run, l.What, l.Why)
		} else {
			fmt.Fprintf(&b, "  not carried: %s: %s\n", l.What, l.Why)
		}
	}
	return b.String()
}

const (
	stateCopied    = "copied"
	stateContinued = "continued"
	stateThere     = "already there"
)
