package lines

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// spell writes points so that NaN equals NaN.
func spell(ps []Point) string {
	out := make([]string, 0, len(ps))
	for _, p := range ps {
		out = append(out, fmt.Sprintf("%s@%d=%v", p.Key, p.Step, p.Value))
	}
	return strings.Join(out, " ")
}

func read(text string) string {
	p := NewParser()
	var all []Point
	for l := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		all = append(all, p.Line(l)...)
	}
	return spell(all)
}

func TestLine(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"key=value", "step=10 loss=0.5 acc=0.9", "loss@10=0.5 acc@10=0.9"},
		{"spaces and commas", "step = 10, loss = 5e-1, acc= 1", "loss@10=0.5 acc@10=1"},
		{"Keras in a line", "epoch 3/10 loss: 0.53 - acc: 0.91", "loss@3=0.53 acc@3=0.91 epoch@3=3"},
		{
			"Keras, without a bar", "Epoch 1/2\n100/100 - 3s - 30ms/step - accuracy: 0.5 - loss: 0.9\nEpoch 2/2\n100/100 - 3s - 30ms/step - accuracy: 0.6 - loss: 0.8",
			"accuracy@100=0.5 loss@100=0.9 epoch@100=1 accuracy@200=0.6 loss@200=0.8 epoch@200=2",
		},
		{
			"Keras with a bar", "Epoch 1/2\n\x1b[1m1/2\x1b[0m \x1b[32m━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m0s\x1b[0m 3ms/step - loss: 0.9\r\x1b[1m2/2\x1b[0m ━━ 1s 3ms/step - loss: 0.8 - val_loss: 1.1\nEpoch 2/2\n1/2 ━ 0s 3ms/step - loss: 0.7",
			"loss@1=0.9 epoch@1=1 loss@2=0.8 val_loss@2=1.1 epoch@2=1 loss@3=0.7 epoch@3=2",
		},
		{"JSON", `{"step": 3, "loss": 0.1, "note": "loss=7", "nested": {"loss": 9}, "ok": true, "x": null}`, "loss@3=0.1"},
		{"JSON, not finite", `{"step": 3, "loss": NaN, "b": -Infinity}`, "loss@3=NaN b@3=-Inf"},
		{"JSON logs are no metrics", `{"level":"info","ts":1698.25,"port":8080,"pid":12,"msg":"listening"}`, ""},
		{
			"Python", `{'loss': 0.6931, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': 0.5}` + "\n" + `{'loss': 0.5, 'grad_norm': 1.25, 'learning_rate': 4e-05, 'epoch': 1.0}`,
			"loss@0=0.6931 grad_norm@0=1.5 learning_rate@0=5e-05 epoch@0=0.5 loss@1=0.5 grad_norm@1=1.25 learning_rate@1=4e-05 epoch@1=1",
		},
		{
			"torch's MNIST", "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.304281\nTrain Epoch: 1 [640/60000 (1%)]\tLoss: 1.5\nTest set: Average loss: 0.0501, Accuracy: 9850/10000 (98%)\nTrain Epoch: 2 [0/60000 (0%)]\tLoss: 0.25",
			"Loss@0=2.304281 epoch@0=1 Loss@640=1.5 epoch@640=1 loss@0=0.0501 Loss@640=0.25 epoch@640=2",
		},
		{"words before", "Epoch: 2 | Train Loss: 0.5 | Val Acc: 91.3%", "train_loss@2=0.5 val_acc@2=91.3 epoch@2=2"},
		{"a count in brackets", "Epoch [2/5], Step [100/600], Loss: 0.2", "Loss@100=0.2 epoch@100=2"},
		{"the step goes on over epochs", "epoch=0 batch=9 loss=3\nepoch=1 batch=0 loss=2\nepoch=1 batch=9 loss=1", "loss@9=3 epoch@9=0 loss@9=2 epoch@9=1 loss@18=1 epoch@18=1"},
		{"global steps do not", "epoch=0 global_step=9 step=3 loss=3\nepoch=1 global_step=12 step=1 loss=2", "loss@9=3 epoch@9=0 loss@12=2 epoch@12=1"},
		{"tqdm", " 42%|████▏     | 42/100 [00:01<00:02, 25.1it/s, loss=0.31]\r 43%|████▏     | 43/100 [00:01<00:02, 25.1it/s, loss=0.3]", "loss@42=0.31 loss@43=0.3"},
		{"tqdm without metrics", "Loading: 50%|███ | 5/10 [00:01<00:01, 4.00it/s]", ""},
		{"bars one after the other", "100%|██| 2/2 [00:00<00:00, 9it/s, loss=2]\r  0%|  | 1/2 [00:00<00:00, loss=1]", "loss@2=2 loss@3=1"},
		{"nan and inf", "step=1 loss=nan a=-inf b=+Infinity", "loss@1=NaN a@1=-Inf b@1=+Inf"},
		{"colours", "\x1b[32mstep=1\x1b[0m \x1b]8;;http://a:1/\x07loss=0.5\x1b]8;;\x1b\\", "loss@1=0.5"},
		{"a logger's head", "2026-11-24 18:02:27,123 INFO trainer:77 step=5 loss=0.25", "loss@5=0.25"},
		{"logging's own", "INFO:root:loss=0.25", "loss@0=0.25"},
		{"Hydra's head", "[2026-11-24 18:02:27,123][__main__][INFO] - epoch 1 val_loss 0.3 loss: 0.25", "loss@1=0.25 epoch@1=1"},
		{"known measures need no step", "loss: 0.5\nloss: 0.4\nvalAccuracy=0.1", "loss@0=0.5 loss@1=0.4 valAccuracy@0=0.1"},
		{"a port and a pid", "port=8080 pid=123", ""},
		{"the same with a step", "step=1 port=8080 pid=123 seed=3 rank=0 eta=12.5", ""},
		{"a server", "listening on http://127.0.0.1:8080 workers: 4", ""},
		{"settings", "lr=0.01 batch_size=32 epochs=10 dropout=0.5", ""},
		{"argparse", "Namespace(lr=0.1, loss_weight=0.5, acc=3)", ""},
		{"settings of measures", "loss_weight=0.5 loss_fn: 3 max_grad_norm=1.0 accuracy_threshold=0.9", ""},
		{"units", "step=3 took=3s mem=12GB loss=1.5", "loss@3=1.5"},
		{"a word", "step=3 loss=mse acc=high", ""},
		{"a date and a path", "2026/11/24 a/b/3/4 1/2/3", ""},
		{"numbers that change", "temp=36.5 hum=1.5\ntemp=36.6 hum=1.5\ntemp=36.7 hum=1.5\ntemp=36.9 hum=1.5", "temp@0=36.5 temp@1=36.6 temp@2=36.7 temp@3=36.9"},
		{"whole numbers that change", "bytes=1\nbytes=2\nbytes=3\nbytes=4", ""},
		{"not yet three times", "temp=36.5\ntemp=36.6", ""},
		{"huge numbers", "step=99999999999999999999 loss=1e400 acc=1e-400", "loss@9223372036854775807=+Inf acc@9223372036854775807=0"},
		{"no end", `{"step": 3, "loss": 0.1`, ""},
		{"only signs", "=: == :: / [ ] { } =1 :2", ""},
		{"slashes in names", "step=4 train/loss=0.5 metrics.acc=0.25", "train/loss@4=0.5 metrics.acc@4=0.25"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := read(c.text); got != c.want {
				t.Errorf("\ngot  %s\nwant %s", got, c.want)
			}
		})
	}
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{
		"step=10 loss=0.5", `{"step": 3, "loss": NaN, "a": [1, {"b": "}"}]}`, "Epoch 1/2\n100/100 ━ 3s - loss: 0.5", "\x1b[1mloss\x1b[0m=1", "{'a': 1,}",
		"Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.3", "a=1.5\na=1.6\na=1.7", "\x1b]8;;", "{\"a\\u00e9\\\"\": 1, \"step\":2}", "step=9223372036854775807 loss=1\nepoch=2 step=1 loss=2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, b := NewParser(), NewParser()
		for line := range strings.SplitSeq(text, "\n") {
			x, y := a.Line(line), b.Line(line)
			if !slices.EqualFunc(x, y, func(p, q Point) bool {
				return p.Key == q.Key && p.Step == q.Step && math.Float64bits(p.Value) == math.Float64bits(q.Value)
			}) {
				t.Fatalf("read twice, %q gives %v and %v", line, x, y)
			}
			if len(x) > 3*mostPairs+1 {
				t.Fatalf("%d points of one line", len(x))
			}
			for _, p := range x {
				if !named(p.Key) || p.Key != "epoch" && setting(p.Key) {
					t.Fatalf("%q gives a metric called %q", line, p.Key)
				}
			}
		}
		if len(a.counts) > mostNames || len(a.points) > mostNames || len(a.shapes) > mostShapes {
			t.Fatal("it remembers too much")
		}
	})
}

func BenchmarkLine(b *testing.B) {
	p := NewParser()
	for b.Loop() {
		p.Line("2026-11-24 18:02:27,123 INFO trainer:77 epoch 3 step=5 loss=0.25 acc=0.75 lr=0.001")
	}
}
