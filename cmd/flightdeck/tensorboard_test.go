package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TensorBoard starts a data server with flags alone, and reads how it ended.
func TestStartedAsADataServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	port, says := filepath.Join(dir, "port"), filepath.Join(dir, "error")
	r := flightdeck(t, dir, "--logdir="+dir, "--reload=once", "--samples-per-plugin=scalars=10,images=all", "--port=0", "--port-file="+port, "--die-after-stdin", "--error-file="+says, "--verbose", "--verbose")
	b, err := os.ReadFile(port)
	if n, _ := strconv.Atoi(strings.TrimSuffix(string(b), "\n")); r.code != exitOK || err != nil || n == 0 || !strings.HasSuffix(string(b), "\n") || r.out != "" {
		t.Errorf("port file %q (%v), %s", b, err, r)
	}
	r = flightdeck(t, dir, "--logdir=gs://bucket/logs", "--port=0", "--port-file="+port+"2", "--die-after-stdin", "--error-file="+says)
	b, err = os.ReadFile(says)
	if r.code != exitLogdir || err != nil || !strings.Contains(string(b), "gs://bucket/logs") {
		t.Errorf("error file %q (%v), %s", b, err, r)
	}
	if _, err := os.Stat(port + "2"); err == nil {
		t.Error("it listened")
	}
	for _, args := range [][]string{{"--logdir=" + dir, "--reload=never"}, {"--logdir=" + dir, "--samples-per-plugin=x"}, {"--logdir=" + dir, "--no-such-flag"}} {
		if r := flightdeck(t, dir, args...); r.code != exitUsage || r.errs == "" {
			t.Errorf("%q: %s", args, r)
		}
	}
}

func TestTensorboardVerb(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if r := flightdeck(t, dir, "tensorboard", dir, "--port", "0", "--with-stdin"); r.code != exitOK || !strings.Contains(r.out, "tensorboard --grpc_data_provider 127.0.0.1:") && !strings.Contains(r.out, "tensorboard --grpc_data_provider [::1]:") {
		t.Errorf("%s", r)
	}
	if r := flightdeck(t, dir, "tensorboard", "no-such-folder"); r.code != exitNotFound {
		t.Errorf("%s", r)
	}
}
