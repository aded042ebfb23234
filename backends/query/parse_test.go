package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		src  string
		want bool
	}{
		{"", true},
		{"metrics.val_acc > 0.95", true},
		{"metrics.val_acc>0.95 and params.lr<0.02", true},
		{"metrics.val_acc > 0.99 or tags.team = \"vision\"", true},
		{"metrics.val_acc > 0.99 or params.lr > 1 and tags.team = vision", false},
		{"(metrics.val_acc > 0.99 or params.lr < 1) AND tags.team = 'vision'", true},
		{"not metrics.val_acc > 0.99", true},
		{"NOT (metrics.val_acc < 0.99 or took > 1h)", false},
		{`metrics."val acc" == 1`, true},
		{"metrics.`a/b.c` < 0", true},
		{"metrics.a/b.c < 0", true},
		{"metrics.a/b.c <= -1e0", true},

		{"metrics.val_loss = nan", true},
		{"metrics.val_loss != NaN", false},
		{"metrics.val_loss < inf", false},
		{"metrics.val_acc < inf", true},
		{"metrics.val_acc > -inf", true},

		{"metrics.missing != 3", false},
		{"not metrics.missing = 3", true},
		{"params.missing != x", false},
		{"params.missing not in (x)", false},
		{"tags.missing !~ x", false},
		{"tags.missing not like x", false},
		{"metrics.missing is null", true},
		{"metrics.val_loss is null", false},
		{"params.lr is not null", true},
		{"note is null", true},
		{"name IS NOT NULL", true},
		{"datasets.digest is null", true},
		{"datasets.name is not null", true},

		{"params.lr = 0.01", true},
		{`params.lr = "0.01"`, false},
		{`params.lr = "1e-2"`, true},
		{"params.batch in (16, 32)", true},
		{"params.batch not in (16, 32)", false},
		{`params.batch in (16, "32")`, false},
		{"params.opt = adam", false},
		{"params.opt ilike adam", true},
		{"params.opt like A_a%", true},
		{"params.opt not like a%", true},
		{"params.opt not ilike a%", false},
		{"params.opt ~ ^A", true},
		{`params.opt ~ "^ad"`, false},
		{`params.opt ~ "(?i)^(x|ad)"`, true},
		{`params.act = 're"lu'`, false},
		{`params.act = 're"lu\\'`, true},
		{`params.act ~ 'u\\$'`, false},
		{`params.act ~ "u\\\\$"`, true},
		{`tags.v ~ "^\d\.\d+$"`, true},
		{"params.opt !~ sgd", true},
		{"tags.v > 1.9", false},
		{`tags.v > "1.09"`, true},
		{"labels.team = vision", true},
		{"tags.mlflow.user = root", true},

		{"state = failed", true},
		{"state = FAILED", true},
		{"status = diverged", true},
		{"state != diverged", false},
		{"state in (running, Diverged)", true},
		{"state not in (failed)", false},
		{"state ~ ^FAIL", true},
		{"state = training", false},
		{"attributes.state like fail%", true},
		{"`run name` = brisk-otter", true},
		{`attributes."run name" = 'brisk-otter'`, true},

		{"start > -2h", true},
		{"start > -1h", false},
		{"start > -1h30m", false},
		{"start = today", true},
		{"start = yesterday", false},
		{"start > today", true},
		{"start < yesterday", false},
		{"start = 2026-11-12", true},
		{"start != 2026-11-12", false},
		{"start > 2026-11-12", true},
		{"start > 2026-11-13", false},
		{"start = 2026-11", true},
		{"start = 2026", true},
		{"start = 10:30", true},
		{"start > 10:31", false},
		{"start = 2026-11-12T10:30", true},
		{`start = "2026-11-12 10:30:00"`, true},
		{"start = 2026-11-12T09:30Z", true},
		{"start = 2026-11-12t10:30:00+01:00", true},
		{"start > 1795440851155", false},
		{"start < now and start < tomorrow", true},
		{"took > 10m", true},
		{"took = 12m", true},
		{"took = 720", true},
		{"took = 12:00", true},
		{"took > 0:14 and took < 1h04", true},
		{"took > 1d or took > 1w", false},
		{"epoch >= 18", true},

		{"datasets.name = six", true},
		{"datasets.name != six", true}, // one of them is another
		{"dataset.name in (mnist, digits)", true},
		{"datasets.digest = x", false},

		{"otter", true},
		{"OTTER", true},
		{"botter", true}, // Brisk-OTTER
		{"brisk dig", true},
		{"brisk and not promoting", false},
		{`"same data"`, true},
		{`"samedata"`, false},
		{"heron", false},
		{"zzz or otter", true},
		{"otter and metrics.val_acc < 0.5", false},
		{"otter metrics.val_acc > 0.5", true},
		{"promoting in", true},
	} {
		x, err := Parse(c.src, schema, now)
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		if got := x.Match(otter); got != c.want {
			t.Errorf("%s: got %v", c.src, got)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"metrics.val_acc >", "column 18: a value is missing"},
		{"metrics.val_acc > x", `column 19: metrics.val_acc is a number, not "x"`},
		{"metrics.val_acc ~ 3", "column 19: metrics.val_acc is not text, so ~ cannot be used (use = != < <= > >=)"},
		{"val_loss < 1", "column 1: unknown field val_loss (did you mean metrics.val_loss?)"},
		{"otter and lr = 1", "column 11: unknown field lr (did you mean params.lr?)"},
		{"stat = failed", "column 1: unknown field stat (did you mean state?)"},
		{"los < 1", "column 1: unknown field los (did you mean metrics.val_loss?)"},
		{"qqqq = 1", "column 1: unknown field qqqq"},
		{"foo.`x` = 1", `column 1: unknown entity "foo" (metrics, params, tags, datasets or attributes)`},
		{"metrics. > 1", "column 1: metrics. needs a key"},
		{"datasets.size > 1", "column 1: a dataset has no size (name, digest or context)"},
		{"(otter", `column 1: "(" is not closed`},
		{"otter)", `column 6: ")" without a "("`},
		{"otter and", "column 10: the filter ends where a clause is expected"},
		{"and otter", `column 1: "and" has nothing on its left`},
		{"otter or or heron", `column 10: "or" has nothing on its left`},
		{"not", "column 4: the filter ends where a clause is expected"},
		{"> 3", `column 1: ">" has nothing to compare on its left`},
		{"!otter", `column 1: unexpected "!" (write "not")`},
		{"name = 'x", "column 8: the quote is not closed"},
		{"'x", "column 1: the quote is not closed"},
		{"`x", "column 1: the backtick is not closed"},
		{"name ~ a(b", `column 8: a value cannot contain "(" (quote the whole value)`},
		{"name ~ '('", "column 8: bad pattern: missing closing ): `(`"},
		{"name in (a b)", `column 12: unexpected "b" in a list (separate values by commas)`},
		{"name in (a, b", "column 9: the list is not closed"},
		{"name in ()", "column 10: a value is missing"},
		{"start > 2h", "column 9: start is a time, not a duration (write -2h for so long ago)"},
		{"start > soon", `column 9: start is a time, not "soon" (write 2026-11-01, today or -2h)`},
		{"took > long", `column 8: took is a duration, not "long" (write 90s, 10m, 1h30m or 2d)`},
		{"'val acc' > 1", "column 1: text cannot be compared (write metrics.\"val acc\", or `val acc` for an attribute)"},
		{"日本 and qq = 1", "column 8: unknown field qq"},
		{"otter,", `column 6: unexpected ","`},
		{`metrics."x"`, `column 1: metrics."x" is compared with nothing`},
	} {
		_, err := Parse(c.src, schema, now)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: no error but %v", c.src, err)
			continue
		}
		if err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.src, err, c.want)
		}
	}
}

func TestDeepNestingIsAnError(t *testing.T) {
	for _, open := range []string{"(", "not ", "(not "} {
		if _, err := Parse(strings.Repeat(open, 100_000)+"x", schema, now); err == nil {
			t.Errorf("%s: no error", open)
		}
	}
}

func TestEveryFieldWithoutASchema(t *testing.T) {
	for src, want := range map[string]bool{"state = failed": true, "start > -2h": true, "took > 10m": true, "epoch < 10": false, "foo = 1": false} {
		x, err := Parse(src, Schema{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Match(otter); got != want {
			t.Errorf("%s: got %v", src, got)
		}
	}
}

func TestDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1.5h": 90 * time.Minute, "1h30m": 90 * time.Minute, "2d": 48 * time.Hour, "1w2d": 216 * time.Hour,
		"250ms": 250 * time.Millisecond, "1h04": 64 * time.Minute, "0:14": 14 * time.Second, "2:03:04": 2*time.Hour + 3*time.Minute + 4*time.Second, "7": 7 * time.Second,
	} {
		if got, ok := duration(s); !ok || got != want {
			t.Errorf("%s: got %v %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "m", "1x", "1m2h", "1m1m", "4m5", "1:2", "1:99", "-1:00", "1e9w", "1.2.3s", "9999999999999999w"} {
		if got, ok := duration(s); ok {
			t.Errorf("%s: got %v", s, got)
		}
	}
}

func ExampleParse() {
	_, err := Parse("metrics.val_acc > 0.9 and val_los < 1", Schema{Metrics: []string{"val_loss"}, Attrs: []Attr{{Name: "state"}}}, time.Now())
	fmt.Println(err)
	// Output: column 27: unknown field val_los (did you mean metrics.val_loss?)
}

func TestDoubts(t *testing.T) {
	x, err := Parse("(metrics.val_los < 1 or not params.lr in (1)) tags.zzz is null metrics.val_acc > 0 state = x datasets.name = y", schema, now)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"nothing here has metrics.val_los: did you mean metrics.val_loss?", "nothing here has tags.zzz"}
	if got := Doubts(x, schema); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
