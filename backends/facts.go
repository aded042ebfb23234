package backends

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Facts is everything about a run that two runs can differ in, by a dotted key:
// params.lr, metrics.val_acc, tags.team, git.commit, env.HOME, data.digits. p may
// be nil when nothing was recorded.
func Facts(r *Run, p *Provenance) map[string]string {
	f := map[string]string{"status": string(r.Status)}
	for _, v := range r.Params {
		f["params."+v.Key] = v.Value
	}
	for _, m := range r.Metrics {
		f["metrics."+m.Key] = strconv.FormatFloat(m.Value, 'g', -1, 64)
	}
	for _, t := range r.Tags {
		if !strings.HasPrefix(t.Key, "flightdeck.") && !strings.HasPrefix(t.Key, "mlflow.") {
			f["tags."+t.Key] = t.Value
		}
	}
	for _, d := range r.Inputs {
		f["data."+d.Name] = d.Digest
	}
	if p == nil {
		return f
	}
	for k, v := range p.Env {
		f["env."+k] = v
	}
	for _, d := range p.Data {
		f["data."+d.Name] = d.Digest
	}
	for k, v := range map[string]string{
		"git.commit": p.GitCommit, "git.branch": p.GitBranch, "git.changed": strings.Join(p.Changed, " "), "git.untracked": strings.Join(p.Untracked, " "),
		"command": Join(p.Command), "host": p.Host, "seed": p.Seed,
	} {
		if v != "" {
			f[k] = v
		}
	}
	return f
}

// factGroup is a fact key's place in the order in which people ask: what was set,
// what came out, from what code and data, where. What is not known comes last.
func factGroup(key string) int {
	order := [...]string{"status", "params", "metrics", "tags", "seed", "data", "git", "command", "host", "env"}
	g, _, _ := strings.Cut(key, ".")
	if i := slices.Index(order[:], g); i >= 0 {
		return i
	}
	return len(order)
}

// CompareFacts orders fact keys for reading: by group, then by name.
func CompareFacts(a, b string) int {
	return cmp.Or(cmp.Compare(factGroup(a), factGroup(b)), strings.Compare(a, b))
}

// Difference is how far b's number is from a's, with its sign; "" when they are
// equal or either is no number: a word, NaN or an infinity.
func Difference(a, b string) string {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	d := y - x
	if errX != nil || errY != nil || d == 0 || math.IsNaN(d) || math.IsInf(d, 0) {
		return ""
	}
	return fmt.Sprintf("%+.4g", d)
}
