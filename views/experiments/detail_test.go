package experiments_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

func TestDetailsFollowAfterQuiet(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		asked := x.b.Calls("provenance")
		shows := func(name string) bool { return strings.Contains(x.Text(), name+" Summary") }
		for range 4 { // a key that is held down, with data coming in between
			x.Press("down")
			all, _ := x.b.Runs(t.Context(), backends.RunFilter{})
			if err := x.b.Log(all[1].ID, backends.Metric{Key: "val_loss", Value: 0.2, Step: 900}); err != nil {
				t.Fatal(err)
			}
			x.Advance(60 * time.Millisecond)
			if !shows("brisk-otter") {
				t.Fatalf("the details followed at once:\n%s", x.Text())
			}
		}
		if n := x.b.Calls("provenance") - asked; n != 0 {
			t.Errorf("%d fetches for runs that were only passed", n)
		}
		x.Advance(15 * time.Millisecond)
		if !shows("brisk-otter") {
			t.Errorf("the details followed after 75 ms")
		}
		x.Advance(15 * time.Millisecond)
		if !x.selected("fleet-gecko") || !shows("fleet-gecko") {
			t.Errorf("the details did not follow after 90 ms of quiet:\n%s", x.Text())
		}
	})
}

func TestSummaryTells(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 60)
		x.Press("down", "down").rest() // dapper-lynx, which is registered
		for _, want := range []string{"lr          0.01", "val_acc     0.9694", "commit      4f1c2aa0  +3 files changed", "digits  sha256:9e1b0c77a5d2", "--width 64", "leads to", "digits v1  @candidate", "team        vision"} {
			if !strings.Contains(x.Text(), want) {
				t.Errorf("the summary lacks %q:\n%s", want, x.Text())
			}
		}
		x.Press("end", "up").rest()
		if text := x.Text(); !strings.Contains(text, "▲ diverged: val_loss is NaN at epoch 4") || !strings.Contains(text, "r runs it again") {
			t.Errorf("the summary of a diverged run does not say why and what to do:\n%s", text)
		}
		x.Press("down").rest()
		if text := x.Text(); !strings.Contains(text, "✗ exit 1") || !strings.Contains(text, "the Log tab has its last words") {
			t.Errorf("the summary of a failed run does not say why and what to do:\n%s", text)
		}
	})
}

func TestDiffTellsWhatDiffers(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := fake.Runs(8)
		b.Change(func(s *fake.State) {
			all := s.Runs
			p := s.Provenance[all[0].ID]
			p.Env = map[string]string{"HOME": "/home/ada", "CUDA_VISIBLE_DEVICES": "0"}
			p.GitCommit = "aaaaaaaabbbbbbbb"
			s.Provenance[all[0].ID] = p
		})
		x := open(t, b, 160, 60)
		// The second is marked first: the others are measured against it.
		x.Press("down", "space", "up", "space", "d")
		x.Press("z").rest()
		text := x.Text()
		head, _, _ := strings.Cut(text[strings.Index(text, "Diff"):], "state")
		if strings.Index(head, "calm-heron") > strings.Index(head, "brisk-otter") {
			t.Errorf("the first that was marked does not come first:\n%s", text)
		}
		for _, want := range []string{
			"lr                    0.03                            0.01",
			"val_loss              0.0989                          0.0929 -0.0060",
			"team                  research                        vision",
			"commit                4f1c2aa0                        aaaaaaaa",
			"CUDA_VISIBLE_DEVICES  –                               0",
			"LANG                  en_US.UTF-8                     –",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the diff lacks %q:\n%s", want, text)
			}
		}
		if strings.Contains(text, "  l2 ") {
			t.Errorf("what is equal shows:\n%s", text)
		}
		x.Press("a")
		if text := x.Text(); !strings.Contains(text, "  l2 ") || !strings.Contains(text, "/home/ada") {
			t.Errorf("with a, what is equal does not show:\n%s", text)
		}
	})
}

func TestDiffFollowsTheNumbers(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 200, 60)
		x.Press("space", "down", "space", "d").rest()
		all, _ := x.b.Runs(t.Context(), backends.RunFilter{})
		if err := x.b.Log(all[0].ID, backends.Metric{Key: "val_acc", Value: 0.5, Step: 2000}); err != nil {
			t.Fatal(err)
		}
		x.rest()
		if !strings.Contains(x.Text(), "+0.4694") {
			t.Errorf("the diff does not follow the run:\n%s", x.Text())
		}
	})
}

func TestLogFollowsTheJob(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("enter", "]", "]").rest()
		if !strings.Contains(x.Text(), "epoch=18 val_acc=") {
			t.Fatalf("the output does not show:\n%s", x.Text())
		}
		x.b.Change(func(s *fake.State) {
			id := s.Jobs[0].ID
			s.Logs[id] = append(s.Logs[id], backends.LogLine{Seq: int64(len(s.Logs[id])), Text: []byte("epoch=19 \x1b]0;evil\x07\x1b[31mred")})
		})
		x.rest()
		if !strings.Contains(x.Text(), "epoch=19") {
			t.Errorf("a new line does not show:\n%s", x.Text())
		}
		x.Press("/").Type("epoch=7").Press("enter").rest()
		if !strings.Contains(x.Text(), "epoch=7 ") {
			t.Errorf("the search does not go there:\n%s", x.Text())
		}
	})
}

func TestFilesArePreviewed(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("down", "down", "enter", "[").rest()
		if !strings.Contains(x.Text(), "model/model.json") {
			t.Fatalf("the files do not show:\n%s", x.Text())
		}
		x.Press("y")
		if x.Clipboard != "config.json" {
			t.Errorf("copied %q", x.Clipboard)
		}
		x.Press("enter").rest()
		if text := x.Text(); !strings.Contains(text, "epochs") || !strings.Contains(text, "30") {
			t.Errorf("the preview of a JSON file does not show its values:\n%s", text)
		}
		x.Press("esc", "down", "enter").rest()
		if text := x.Text(); !strings.Contains(text, "178") || !strings.Contains(text, "class") {
			t.Errorf("the preview of a CSV file does not show its cells:\n%s", text)
		}
		x.Press("esc")
		if !strings.Contains(x.Text(), "model/model.json") {
			t.Errorf("esc does not go back to the files:\n%s", x.Text())
		}
	})
}

func TestCrosshairReadsBothCharts(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		x.Press("tab", "right").rest()
		if text := x.Text(); !strings.Contains(text, "step 1170") || strings.Count(text, "dapper-lynx ") < 3 {
			t.Errorf("the crosshair does not read both charts:\n%s", text)
		}
		x.Press("esc", "n")
		if strings.Contains(x.Text(), "val_loss by step  top 8") {
			t.Errorf("n does not go to the next metric")
		}
		x.Press("N", "a")
		if !strings.Contains(x.Text(), "val_loss by relative") {
			t.Errorf("a does not change x:\n%s", x.Text())
		}
		x.Press("a", "a")
		if !strings.Contains(x.Text(), "val_loss by epoch") {
			t.Errorf("x cannot be the epoch:\n%s", x.Text())
		}
		x.rest()
		if strings.Contains(x.Text(), "no points yet") {
			t.Errorf("by epoch there are no points:\n%s", x.Text())
		}
		x.Press("L", ">")
		if _, y := x.Find("val_loss by epoch"); strings.Contains(x.Line(y), "log") || !strings.Contains(x.Line(y), "smooth 0.1") {
			t.Errorf("the rule says %q", x.Line(y))
		}
	})
}

func TestTheMouseReadsAndZooms(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		cx, cy := x.Find("val_acc by step")
		x.Send(tea.MouseMotionMsg{X: cx + 40, Y: cy + 3}) // over the lower chart
		x.rest()
		if n := strings.Count(x.Text(), "step 429"); n < 2 {
			t.Errorf("the crosshair reads %d charts:\n%s", n, x.Text())
		}
		x.Wheel(60, cy-8, false)
		x.rest()
		if !strings.Contains(x.Text(), "zoomed") {
			t.Errorf("the wheel does not zoom:\n%s", x.Text())
		}
		fx, fy := x.Find("Files")
		x.Click(fx, fy)
		x.rest()
		if !strings.Contains(x.Text(), "config.json") {
			t.Errorf("a click on a page's name does not show it:\n%s", x.Text())
		}
	})
}

func TestCurvesGrow(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, fake.Runs(8), 160, 45)
		before := x.Text()
		all, _ := x.b.Runs(t.Context(), backends.RunFilter{})
		if err := x.b.Log(all[0].ID, backends.Metric{Key: "val_loss", Value: 0.5, Step: 741}); err != nil {
			t.Fatal(err)
		}
		x.rest()
		if after := x.Text(); after == before || !strings.Contains(after, "0.5000") {
			t.Errorf("a new point does not show:\n%s", after)
		}
	})
}
