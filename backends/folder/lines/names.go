package lines

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// stepNames are names of places in a training, the best first.
func stepNames() []string {
	return []string{
		"global_step", "globalstep", "trainer/global_step", "global step", "step", "steps", "iter", "iteration", "it", "itr", "update", "updates", "timestep", "timesteps",
		"batch", "round", "generation", "episode",
	}
}

func isStep(key string) bool {
	k := strings.ToLower(key)
	return slices.Contains(stepNames(), k) || k == "current_step" || k == "train_step"
}

func isEpoch(key string) bool {
	k := strings.ToLower(key)
	return k == "epoch" || k == "ep" || k == "current_epoch"
}

// words parts a name: val_loss, valLoss, val/loss, Val-Loss are val and loss.
func words(key string) []string {
	var b strings.Builder
	lower := false
	for _, r := range key {
		if unicode.IsUpper(r) && lower {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		if strings.ContainsRune("_-./@:", r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}

// measure says that a name is that of something one measures in a training.
func measure(key string) bool { return !setting(key) && slices.ContainsFunc(words(key), measures) }

func measures(word string) bool {
	switch word {
	case "loss", "losses", "acc", "accuracy", "top1", "top5", "auc", "auroc", "auprc", "f1", "precision", "recall", "specificity", "sensitivity",
		"mae", "mse", "rmse", "mape", "rmsle", "r2", "perplexity", "ppl", "bpc", "bleu", "rouge", "wer", "cer", "iou", "miou", "dice", "psnr", "ssim", "fid",
		"reward", "elbo", "nll", "kl", "grad", "gnorm", "ndcg", "mrr", "map50", "kappa", "mcc":
		return true
	}
	return strings.HasSuffix(word, "loss") || strings.HasSuffix(word, "accuracy")
}

// setting says that a name is never that of a metric.
func setting(key string) bool {
	ws := words(key)
	if len(ws) == 0 {
		return true
	}
	last := ws[len(ws)-1]
	switch ws[0] {
	case "num", "n", "nr", "no", "number":
		return true
	case "max", "min", "total", "target": // the greatest reward is one, the greatest norm of a gradient is set
		return !measures(last)
	}
	switch last {
	case "weight", "weights", "coef", "coeff", "coefficient", "size", "split", "ratio", "scale", "smoothing", "margin", "threshold", "patience", "factor", "fn", "id",
		"clip", "interval", "freq", "frequency", "every", "dim", "dims", "depth", "layers", "heads", "workers", "decay", "epochs", "type", "mode", "level":
		return true
	}
	return slices.ContainsFunc(ws, func(w string) bool {
		switch w {
		case "pid", "ppid", "tid", "uid", "gid", "rank", "world", "seed", "port", "host", "line", "lineno", "code", "status", "errno", "exit", "signal", "version", "year",
			"date", "time", "timestamp", "ts", "eta", "elapsed", "duration", "runtime", "remaining", "second", "seconds", "secs", "device", "gpu", "cuda", "node", "thread",
			"worker", "http", "https", "localhost", "v":
			return true
		}
		return false
	})
}

// part says that a word before a measure tells which: Train Loss.
func part(word string) bool {
	switch strings.ToLower(word) {
	case "train", "training", "val", "valid", "validation", "test", "eval", "dev":
		return true
	}
	return false
}
