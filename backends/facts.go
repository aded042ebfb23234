package backends

import (
	"cmp"
	"fmt"
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
	for k, v := range map[string]string{
		"git.commit": p.GitCommit, "git.branch": p.GitBranch, "git.changed": strings.Join(p.Changed, " "), "git.untracked": strings.Join(p.Untracked, " "),
		"command": strings.Join(p.Command, " "), "host": p.Host, "seed": p.Seed,
	} {
		if v != "" {
			f[k] = v
		}
	}
	return f
}

// factOrder is the order in which people ask: what was set, what came out, from
// what code and data, where.
const factOrder = "status params metrics tags seed data git command host env"

// CompareFacts orders fact keys for reading: by group, then by name.
func CompareFacts(a, b string) int {
	group := func(k string) int {
		g, _, _ := strings.Cut(k, ".")
		return strings.Index(factOrder, g)
	}
	return cmp.Or(cmp.Compare(group(a), group(b)), strings.Compare(a, b))
}

// Difference is how far b's number is from a's, with its sign; "" when either is
// not a number.
func Difference(a, b string) string {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil || x == y {
		return ""
	}
	return fmt.Sprintf("%+.4g", y-x)
}
