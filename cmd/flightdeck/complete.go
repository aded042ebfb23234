package main

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/tui/widget/cell"
)

func (c *cli) completionVerb() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print a shell's completion script", Args: cobra.ExactArgs(1),
		Long: `Print a shell's completion script.

  bash        source <(flightdeck completion bash)      (needs bash-completion)
  zsh         flightdeck completion zsh > "${fpath[1]}/_flightdeck"
  fish        flightdeck completion fish > ~/.config/fish/completions/flightdeck.fish
  powershell  flightdeck completion powershell | Out-String | Invoke-Expression

It completes verbs and flags, and the names of runs, jobs, models and experiments.`,
		ValidArgsFunction: cobra.FixedCompletions(shells, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.out, true)
			case "zsh":
				return root.GenZshCompletion(c.out)
			case "fish":
				return root.GenFishCompletion(c.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.out)
			}
			return usageError("completion %s: it is %s", args[0], strings.Join(shells, ", "))
		},
	}
}

// completer completes one argument. Whatever goes wrong completes to nothing.
type completer = cobra.CompletionFunc

// most names that are offered: a shell lists them all.
const mostNames = 200

// plain says that a word may stand on a command line without quoting.
func plain(word, besides string) bool {
	return word != "" && !strings.HasPrefix(word, "-") && !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.@%+"+besides, r)
	})
}

// typed is a name as it may stand on a command line without quoting; a run of
// another name goes by its id.
func typed(name, id string) string {
	if !plain(name, "") {
		return short(id)
	}
	return name
}

// callable is how each of the runs can be named: one whose name others have too
// goes by its id; "" is one that cannot be named without quoting.
func callable(runs []*backends.Run) func(*backends.Run) string {
	count := map[string]int{}
	for _, r := range runs {
		count[r.Name]++
	}
	return func(r *backends.Run) string {
		if count[r.Name] == 1 && plain(r.Name, "") {
			return r.Name
		}
		if id := shortOf(r); plain(id, "/=,:") {
			return id
		}
		return ""
	}
}

func described(word, what string) string { return word + "\t" + cell.Safe(what) }

// offer turns what is there into an answer for the shell, without what the line
// has already.
func offer(words, args []string) ([]string, cobra.ShellCompDirective) {
	words = slices.DeleteFunc(words, func(w string) bool {
		name, _, _ := strings.Cut(w, "\t")
		return slices.Contains(args, name)
	})
	return words[:min(len(words), mostNames)], cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// hurry is how long a completion waits for a source: a person is at the key.
const hurry = time.Second

// runNames is the runs of every source that answers at once.
func (c *cli) runNames(ctx context.Context, f backends.RunFilter) []string {
	c.patience = hurry
	from, err := c.sources(ctx)
	if err != nil {
		return nil
	}
	var runs []*backends.Run
	for _, r := range c.readAll(ctx, from, f) {
		runs = append(runs, r.runs...)
	}
	runs = backends.WithoutTwins(runs)
	var out []string
	call := callable(runs)
	for _, r := range runs {
		what := runState(r) + " " + r.ExpName
		if r.Backend != "local" {
			what += ", " + r.Backend
		}
		if word := call(r); word != "" {
			out = append(out, described(word, what))
		}
	}
	return out
}

// completeRuns offers the runs, or the deleted ones; any number of them.
func (c *cli) completeRuns(deleted bool) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return offer(c.runNames(cmd.Context(), backends.RunFilter{Deleted: deleted}), args)
	}
}

// completeRunThen offers runs for the first argument and what comes then.
func (c *cli) completeRunThen(then completer) completer {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return c.completeRuns(false)(cmd, args, word)
		}
		return then(cmd, args[1:], word)
	}
}

// completeTargets offers the runs of jobs that are active, or of all jobs, and the
// ids of jobs without a run.
func (c *cli) completeTargets(active bool) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		lo, err := c.workspace()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		jobs, err := lo.Jobs(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		runs, err := lo.Runs(cmd.Context(), backends.RunFilter{})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		of, call := runsByJob(runs), callable(runs)
		var words []string
		for _, j := range jobs {
			switch made := of[j.ID]; {
			case active && !j.Active():
			case len(made) == 0:
				words = append(words, described(j.ID, jobState(j)+" "+j.Name))
			default:
				for _, r := range made {
					words = append(words, described(call(r), runState(r)+" "+j.Name))
				}
			}
		}
		return offer(words, args)
	}
}

func (c *cli) completeModels(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c.patience = hurry
	models, err := c.allModels(cmd.Context())
	if err != nil || len(args) > 2 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, m := range models {
		switch {
		case len(args) == 0 && typed(m.Name, "") != "":
			words = append(words, described(m.Name, plural(len(m.Versions), "version")))
		case len(args) == 1 && m.Name == args[0]:
			for alias, v := range m.Aliases {
				words = append(words, described(alias, "version "+v))
			}
		case len(args) == 2 && m.Name == args[0]:
			for _, v := range m.Versions {
				words = append(words, described(v.Version, short(v.Run)))
			}
		}
	}
	slices.Sort(words)
	return offer(words, nil)
}

func (c *cli) completeExperiments(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	lo, err := c.workspace()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := lo.Experiments(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, e := range all {
		words = append(words, described(typed(e.Name, e.ID), plural(e.RunCount, "run")))
	}
	return offer(words, nil)
}

// completeColumns offers the keys that the runs have.
func (c *cli) completeColumns(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	c.patience = hurry
	from, err := c.sources(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var runs []*backends.Run
	for _, r := range c.readAll(cmd.Context(), from, backends.RunFilter{}) {
		runs = append(runs, r.runs...)
	}
	var words []string
	for _, k := range allColumns(runs) {
		if kind, name, _ := strings.Cut(k, "."); typed(strings.ReplaceAll(name, "/", ""), "") != "" {
			words = append(words, kind+"."+name)
		}
	}
	return offer(words, nil)
}

// completeFlag registers a flag's completion; the flag is there, so it cannot fail.
func completeFlag(cmd *cobra.Command, name string, f completer) {
	if err := cmd.RegisterFlagCompletionFunc(name, f); err != nil {
		panic(err)
	}
}
