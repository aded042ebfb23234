package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bash completes a line as it would at a prompt: it sources the script that the
// program prints and calls what the script registered. The one function of
// bash-completion that the script uses stands here, so that the test needs bash alone.
const completeScript = `
_get_comp_words_by_ref() {
	while [ $# -gt 0 ]; do
		case "$1" in
		cur) cur=${COMP_WORDS[COMP_CWORD]} ;;
		prev) prev=${COMP_WORDS[COMP_CWORD-1]} ;;
		words) words=("${COMP_WORDS[@]}") ;;
		cword) cword=$COMP_CWORD ;;
		esac
		shift
	done
}
_init_completion() { _get_comp_words_by_ref cur prev words cword; }
__ltrim_colon_completions() { :; }
compopt() { :; }
source <(flightdeck completion bash)
registered=$(complete -p flightdeck) || exit 9
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
COMP_TYPE=9
COMP_KEY=9
${registered#* -F } 2>/dev/null || __start_flightdeck
printf '%s\n' "${COMPREPLY[@]}"
`

func complete(t *testing.T, dir string, line ...string) []string {
	t.Helper()
	cmd := exec.Command("bash", append([]string{"--norc", "--noprofile", "-c", completeScript, "bash", "flightdeck"}, line...)...)
	cmd.Dir, cmd.Env = dir, onPath(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("complete %q: %v\n%s", line, err, out)
	}
	var words []string
	for w := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(strings.TrimSpace(w), " ")
		words = append(words, name)
	}
	return words
}

func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "1", "--width", "8", "--name", "brisk-otter")
	must(t, exitOK, ws, "train", "sentiment", "--epochs", "1", "--name", "brisk-heron")
	must(t, exitOK, ws, "run", "--name", "two words; rm -rf $(x)", "--", "true")
	must(t, exitOK, ws, "run", "--name", "gone-owl", "--", "true")
	must(t, exitOK, ws, "delete", "gone-owl")
	must(t, exitOK, ws, "models", "register", "brisk-otter", "numbers")
	must(t, exitOK, ws, "models", "alias", "numbers", "champion", "1")
	must(t, exitOK, ws, "run", "-d", "--name", "sleeper", "--", "sleep", "1000")
	lo := opened(t, ws)
	var odd string
	for _, r := range runsOf(t, lo) {
		if strings.Contains(r.Name, "words") {
			odd = short(r.ID)
		}
	}
	sleeper := jobsOf(t, lo)[0].ID
	for _, c := range []struct {
		line []string
		want []string // all of them
		not  []string
	}{
		{[]string{"sh"}, []string{"show"}, []string{"runs"}},
		{[]string{"re"}, []string{"reproduce", "restart", "restore", "resume"}, nil},
		{[]string{"show", "br"}, []string{"brisk-otter", "brisk-heron"}, []string{"gone-owl"}},
		{[]string{"show", ""}, []string{"brisk-otter", "brisk-heron", odd}, []string{"two"}},
		{[]string{"diff", "brisk-otter", "br"}, []string{"brisk-heron"}, []string{"brisk-otter"}},
		{[]string{"restore", ""}, []string{"gone-owl"}, []string{"brisk-otter"}},
		{[]string{"logs", "br"}, []string{"brisk-otter", "brisk-heron"}, nil},
		{[]string{"stop", ""}, []string{sleeper}, []string{"brisk-otter"}},
		{[]string{"runs", "-e", ""}, []string{"digits", "sentiment"}, nil},
		{[]string{"runs", "--columns", "metrics.val"}, []string{"metrics.val_acc", "metrics.val_loss"}, nil},
		{[]string{"runs", "-o", ""}, []string{"table", "json", "csv"}, nil},
		{[]string{"train", ""}, []string{"digits", "sentiment"}, nil},
		{[]string{"train", "digits", "--optimizer", ""}, []string{"sgd", "adam"}, nil},
		{[]string{"train", "digits", "--ep"}, []string{"--epochs"}, nil},
		{[]string{"models", ""}, []string{"alias", "register"}, nil},
		{[]string{"models", "alias", ""}, []string{"numbers"}, nil},
		{[]string{"models", "alias", "numbers", ""}, []string{"champion"}, nil},
		{[]string{"models", "register", "brisk-otter", ""}, []string{"numbers"}, nil},
		{[]string{"completion", ""}, []string{"bash", "zsh", "fish", "powershell"}, nil},
	} {
		got := complete(t, ws, c.line...)
		for _, w := range c.want {
			if !slices.Contains(got, w) {
				t.Errorf("%q completes to %q, not to %q", c.line, got, w)
			}
		}
		for _, w := range c.not {
			if slices.Contains(got, w) {
				t.Errorf("%q completes to %q", c.line, w)
			}
		}
	}
	empty := t.TempDir()
	if got := complete(t, empty, "show", ""); len(got) > 1 || got[0] != "" {
		t.Errorf("in an empty folder show completes to %q", got)
	}
	if entries, _ := os.ReadDir(empty); len(entries) > 0 {
		t.Errorf("completing left %v behind", entries)
	}
	for shell, head := range map[string]string{"zsh": "#compdef flightdeck", "fish": "fish completion for flightdeck", "powershell": "powershell completion for flightdeck"} {
		if r := must(t, exitOK, filepath.Dir(ws), "completion", shell); !strings.Contains(r.out[:200], head) {
			t.Errorf("%s: %.200s", shell, r.out)
		}
	}
}
