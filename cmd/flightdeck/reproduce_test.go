package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// git runs git in a folder under a name of its own, whatever the machine's says.
func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// repository is a workspace in a repository with a committed script that trains by
// what two files say, one of them edited and one never committed.
func repository(t *testing.T) string {
	t.Helper()
	dir := workspace(t)
	git(t, dir, "init", "--quiet")
	write(t, filepath.Join(dir, ".gitignore"), ".flightdeck\n", 0o644)
	write(t, filepath.Join(dir, "lr.txt"), "0.05\n", 0o644)
	write(t, filepath.Join(dir, "train.sh"), "#!/bin/sh\nexec flightdeck train digits --epochs 2 --width 16 --lr $(cat lr.txt) --seed $(cat seed.txt) \"$@\"\n", 0o755)
	git(t, dir, "add", ".")
	git(t, dir, "commit", "--quiet", "-m", "first")
	write(t, filepath.Join(dir, "lr.txt"), "0.04\n", 0o644)
	write(t, filepath.Join(dir, "seed.txt"), "23\n", 0o644)
	return dir
}

// From a run with one edited and one untracked file reproduce is bit-equal, although
// both files are gone since; a changed seed fails and names the metric.
func TestReproduceEditedAndUntracked(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	must(t, exitOK, dir, "run", "-e", "repro", "--", "./train.sh")
	run := onlyRun(t, opened(t, dir), "repro")
	if lr, _ := run.Param("lr"); lr != "0.04" {
		t.Fatalf("it was trained with lr %s, not the edited file's", lr)
	}
	git(t, dir, "checkout", "--quiet", "--", "lr.txt")
	if err := os.Remove(filepath.Join(dir, "seed.txt")); err != nil {
		t.Fatal(err)
	}

	into := filepath.Join(t.TempDir(), "again")
	r := must(t, exitOK, dir, "reproduce", run.Name, "--into", into, "-o", "json")
	var got reproduction
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	if len(got.Differences) > 0 || got.Metrics < 5 || got.Points < 80 || got.Again == run.ID || got.Dir != into {
		t.Errorf("reproduced: %+v", got)
	}
	for name, want := range map[string]string{"lr.txt": "0.04\n", "seed.txt": "23\n"} {
		if text, err := os.ReadFile(filepath.Join(into, name)); err != nil || string(text) != want {
			t.Errorf("%s in the new folder: %q, %v; want %q", name, text, err, want)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "lr.txt")); string(text) != "0.05\n" {
		t.Errorf("the old folder's lr.txt was touched: %q", text)
	}

	r = must(t, exitDiffers, dir, "reproduce", run.Name, "--", "--seed", "24")
	if !strings.Contains(r.out, "is not "+run.Name+" again") || !strings.Contains(r.out, "val_loss: ") {
		t.Errorf("a changed seed: %s", r)
	}
	r = must(t, exitUsage, dir, "reproduce")
	if !strings.Contains(r.errs, "RUN") {
		t.Errorf("without a run: %s", r)
	}
	if again := must(t, exitFailed, dir, "reproduce", run.Name, "--into", into); !strings.Contains(again.errs, "exists") {
		t.Errorf("into a folder that is there: %s", again)
	}
	if dry := must(t, exitOK, dir, "reproduce", run.Name, "--dry-run", "--into", into+"-dry"); !strings.Contains(dry.out, run.Tag("mlflow.source.git.commit")) || !strings.Contains(dry.out, "seed.txt") {
		t.Errorf("the plan does not say from what: %s", dry)
	}
	if _, err := os.Stat(into + "-dry"); err == nil {
		t.Error("a dry run made its folder")
	}
}

// A training by this program needs no repository: its code is the program.
func TestReproduceBuiltInTrainer(t *testing.T) {
	t.Parallel()
	dir := workspace(t)
	must(t, exitOK, dir, "train", "digits", "--epochs", "2", "--width", "16", "--seed", "11", "--name", "brisk-otter")
	if r := must(t, exitOK, dir, "reproduce", "brisk-otter"); !strings.Contains(r.out, "bit-equal: ") {
		t.Errorf("%s", r)
	}
	r := must(t, exitDiffers, dir, "reproduce", "brisk-otter", "--", "--seed", "12")
	if !strings.Contains(r.out, "loss: ") {
		t.Errorf("a changed seed names no metric: %s", r)
	}
	must(t, exitOK, dir, "run", "--name", "silent", "--", "true")
	if r := must(t, exitDiffers, dir, "reproduce", "silent"); !strings.Contains(r.errs, "not in a git repository") {
		t.Errorf("what was not recorded is not named: %s", r)
	}
	if r := must(t, exitDiffers, dir, "reproduce", "silent", "--force"); !strings.Contains(r.errs, "no metrics") {
		t.Errorf("nothing to compare: %s", r)
	}
}

// A masked variable comes from the current environment and is named when it is not
// set there; its value is written nowhere.
func TestReproduceMaskedVariable(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	const secret = "hunter2hunter2"
	write(t, filepath.Join(dir, "guarded.sh"), "#!/bin/sh\ntest -n \"$HUB_TOKEN\" || exit 9\nexec ./train.sh --momentum 0.$(printf %s \"$HUB_TOKEN\" | wc -c)\n", 0o755)
	if r := flightdeckWith(t, dir, []string{"HUB_TOKEN=" + secret}, "run", "-e", "repro", "--", "./guarded.sh"); r.code != exitOK {
		t.Fatal(r)
	}
	run := onlyRun(t, opened(t, dir), "repro")
	if r := flightdeckWith(t, dir, []string{"HUB_TOKEN=" + secret}, "reproduce", run.Name); r.code != exitOK {
		t.Errorf("with the variable set: %s", r)
	}
	if r := flightdeckWith(t, dir, []string{"HUB_TOKEN=short"}, "reproduce", run.Name); r.code != exitDiffers || !strings.Contains(r.out, "loss: ") {
		t.Errorf("with another value: %s", r)
	}
	if r := must(t, exitDiffers, dir, "reproduce", run.Name); !strings.Contains(r.errs, "HUB_TOKEN") {
		t.Errorf("without it: %s", r)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), secret) {
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is lacking is named, and then nothing is run.
func TestReproduceNamesWhatLacks(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	write(t, filepath.Join(dir, "data.csv"), "a,b\n1,2\n", 0o644)
	must(t, exitOK, dir, "run", "-e", "repro", "--data", "data.csv", "--", "./train.sh")
	lo := opened(t, dir)
	run := onlyRun(t, lo, "repro")
	if len(run.Inputs) != 2 { // data.csv, and the digits that the trainer logged
		t.Errorf("inputs %+v", run.Inputs)
	}

	// It is untracked and small, so the run kept it; what stands there now does not
	// matter. A folder over the limit is only known by its digest.
	if err := os.WriteFile(filepath.Join(dir, "big.bin"), make([]byte, 3<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, exitOK, dir, "run", "-e", "big", "--data", "big.bin", "--", "./train.sh")
	if err := os.WriteFile(filepath.Join(dir, "big.bin"), make([]byte, 2<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := must(t, exitDiffers, dir, "reproduce", onlyRun(t, lo, "big").Name); !strings.Contains(r.errs, "big.bin") || !strings.Contains(r.errs, "sha256:") {
		t.Errorf("changed data: %s", r)
	}

	commit := run.Tag("mlflow.source.git.commit")
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "--quiet")
	runs := len(runsOf(t, lo))
	if r := must(t, exitDiffers, dir, "reproduce", run.Name); commit == "" || !strings.Contains(r.errs, commit) {
		t.Errorf("a missing commit: %s", r)
	}
	if n := len(runsOf(t, lo)); n != runs {
		t.Errorf("%d runs before, %d after a reproduction that lacks its commit", runs, n)
	}
}
