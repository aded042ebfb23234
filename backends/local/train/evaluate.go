package train

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Report is how a trained model does on the test data, which nothing else has
// looked at. It is the artifact eval/report.json.
type Report struct {
	Task     string        `json:"task"`
	Accuracy float64       `json:"accuracy"`
	Loss     *float64      `json:"loss"` // null when it is not finite, which JSON cannot say
	MacroF1  float64       `json:"macro_f1"`
	Classes  []ClassReport `json:"classes"`
	// Confusion counts samples by their class, then by the class they were taken for.
	Confusion [][]int `json:"confusion"`
}

// ClassReport is one class. A share of nothing is 0.
type ClassReport struct {
	Name      string  `json:"name"`
	Support   int     `json:"support"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// report evaluates the model on a part of the data.
func (t *trainer) report(part []int) Report {
	n := len(t.data.classes)
	r := Report{Task: t.cfg.Task, Confusion: make([][]int, n)}
	for i := range r.Confusion {
		r.Confusion[i] = make([]int, n)
	}
	loss := 0.0
	for _, i := range part {
		l, class := t.model.sample(i, false)
		loss += l
		r.Confusion[t.data.y[i]][class]++
	}
	loss /= float64(len(part))
	r.Loss = &loss
	right := 0
	for i, name := range t.data.classes {
		taken, of := 0, 0
		for k := range n {
			taken += r.Confusion[k][i]
			of += r.Confusion[i][k]
		}
		hit := r.Confusion[i][i]
		right += hit
		c := ClassReport{Name: name, Support: of, Precision: share(hit, taken), Recall: share(hit, of), F1: share(2*hit, taken+of)}
		r.MacroF1 += c.F1
		r.Classes = append(r.Classes, c)
	}
	r.MacroF1 /= float64(n)
	r.Accuracy = share(right, len(part))
	return r
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// confusionCSV has a row for each class and a column for each that it was taken for.
func (r *Report) confusionCSV() []byte {
	var b strings.Builder
	b.WriteString("true\\predicted")
	for _, c := range r.Classes {
		b.WriteString("," + c.Name)
	}
	b.WriteByte('\n')
	for i, row := range r.Confusion {
		b.WriteString(r.Classes[i].Name)
		for _, n := range row {
			fmt.Fprintf(&b, ",%d", n)
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// evaluate logs the report and the model.
func (t *trainer) evaluate(ctx context.Context) error {
	r := t.report(t.data.test)
	t.rec.add("test/accuracy", r.Accuracy, t.at.steps)
	t.rec.add("test/loss", *r.Loss, t.at.steps)
	t.rec.add("test/macro_f1", r.MacroF1, t.at.steps)
	for _, c := range r.Classes {
		t.rec.add("test/precision_"+c.Name, c.Precision, t.at.steps)
		t.rec.add("test/recall_"+c.Name, c.Recall, t.at.steps)
		t.rec.add("test/f1_"+c.Name, c.F1, t.at.steps)
	}
	if !finite(*r.Loss) {
		r.Loss = nil
	}
	report, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	config, weights, err := t.export()
	if err != nil {
		return err
	}
	for _, a := range []struct {
		path    string
		content []byte
	}{
		{"eval/confusion.csv", r.confusionCSV()},
		{"eval/report.json", append(report, '\n')},
		{"model/config.json", config},
		{"model/model.safetensors", weights},
	} {
		if err := unlessDeleted(t.rec.sink.Artifact(ctx, a.path, a.content)); err != nil {
			return fmt.Errorf("log artifact %s: %w", a.path, err)
		}
	}
	fmt.Fprintf(t.out, "test  accuracy %.4f  macro_f1 %.4f\n", r.Accuracy, r.MacroF1)
	return nil
}
