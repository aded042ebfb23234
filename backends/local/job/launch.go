package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// launch starts the child. Its output goes to the file without passing through
// anyone, and it has a session of its own, so that no terminal's end reaches it.
func (k *keeper) launch(ctx context.Context) error {
	js := k.spec.Spec
	if len(js.Command) == 0 {
		return errors.New("start: no command given")
	}
	if err := isFolder(js.Dir); err != nil {
		return err
	}
	token := make([]byte, 24)
	_, _ = rand.Read(token) // never fails
	secret := hex.EncodeToString(token)
	if err := writeSynced(filepath.Join(k.dir, tokenFile), os.O_CREATE|os.O_EXCL, []byte(secret)); err != nil {
		return fmt.Errorf("keep the token: %w", err)
	}
	env := childEnv(os.Environ(), js.Env, k.id, k.dir, tracking(k.st.Port), secret)
	path, err := lookPath(js.Command[0], js.Dir, env)
	if err != nil {
		return err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return fmt.Errorf("start %s: %w", js.Command[0], err)
	}
	defer null.Close()
	out, err := os.OpenFile(filepath.Join(k.dir, outputFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", js.Command[0], err)
	}
	defer out.Close()
	if err := backends.Check(ctx, "exec", strings.Join(js.Command, " ")); err != nil {
		return err
	}
	pid, err := syscall.ForkExec(path, js.Command, &syscall.ProcAttr{
		Dir: js.Dir, Env: env, Files: []uintptr{null.Fd(), out.Fd(), out.Fd()}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", path, err)
	}
	k.child.pid = pid
	k.begun = time.Now()
	k.st.Started = later(k.o.Now(), k.spec.Created)
	k.st.Child, err = proc.Identify(pid) // a zombie at worst: it has not been reaped
	if err == nil {
		err = k.save()
	}
	if err != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL) // our own child, not yet reaped, whom nobody would find again
		return fmt.Errorf("note the start of %s: %w", path, err)
	}
	return nil
}

// isFolder says it before exec does, who would blame the command.
func isFolder(dir string) error {
	switch fi, err := os.Stat(dir); {
	case err != nil:
		return fmt.Errorf("start in %s: %w", dir, errors.Unwrap(err))
	case !fi.IsDir():
		return fmt.Errorf("start in %s: not a folder", dir)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// childEnv is the environment of the child: the starter's, the endpoint, and what
// the spec adds. MLFLOW_RUN_ID is never set: it makes start_run fail after
// set_experiment. Proxies are told to leave loopback alone, or an unmodified client
// would ask them for the endpoint.
func childEnv(base []string, add map[string]string, id, dir, uri, token string) []string {
	m := map[string]string{}
	for _, kv := range base {
		if key, value, ok := strings.Cut(kv, "="); ok && key != "" {
			m[key] = value
		}
	}
	for _, key := range []string{"MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"} {
		delete(m, key) // they would win over the token
	}
	m["MLFLOW_TRACKING_URI"], m["MLFLOW_TRACKING_TOKEN"] = uri, token
	for key, value := range add {
		m[key] = value
	}
	for _, key := range []string{"MLFLOW_RUN_ID", envKeeper, envListener} {
		delete(m, key)
	}
	m[envJob], m[envJobDir] = id, dir
	for _, key := range []string{"no_proxy", "NO_PROXY"} {
		if m["http_proxy"] != "" || m["HTTP_PROXY"] != "" || m["all_proxy"] != "" || m["ALL_PROXY"] != "" {
			m[key] = strings.TrimPrefix(m[key]+",127.0.0.1", ",")
		}
	}
	env := make([]string, 0, len(m))
	for key, value := range m {
		env = append(env, key+"="+value)
	}
	sort.Strings(env)
	return env
}

// lookPath finds the program as execvp would in the child's environment and folder.
func lookPath(name, dir string, env []string) (string, error) {
	at := func(p string) string {
		if filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	if strings.Contains(name, "/") {
		switch err := executable(at(name)); {
		case errors.Is(err, os.ErrNotExist):
			return "", fmt.Errorf("start %s: command not found", name)
		case err != nil:
			return "", fmt.Errorf("start %s: %w", name, err)
		}
		return at(name), nil
	}
	var path string
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = v
		}
	}
	var denied error
	for _, p := range filepath.SplitList(path) {
		switch err := executable(at(filepath.Join(p, name))); {
		case err == nil:
			return at(filepath.Join(p, name)), nil
		case !errors.Is(err, os.ErrNotExist) && denied == nil:
			denied = err
		}
	}
	if denied != nil {
		return "", fmt.Errorf("start %s: %w", name, denied)
	}
	return "", fmt.Errorf("start %s: command not found in PATH", name)
}

func executable(path string) error {
	fi, err := os.Stat(path)
	switch {
	case err != nil:
		if errors.Is(err, syscall.ENOTDIR) {
			return os.ErrNotExist
		}
		return errors.Unwrap(err)
	case fi.IsDir():
		return syscall.EISDIR
	}
	return unix.Access(path, unix.X_OK)
}

// starter is the pipe back to whoever started the keeper: one line says how it
// went, and its end is the end of what binds the two.
type starter struct{ f *os.File }

type handshake struct {
	PID   int    `json:"pid,omitempty"`
	Error string `json:"error,omitempty"`
}

// openStarter takes descriptor 3, if it is the starter's pipe, and keeps it from the
// child, who would hold it open.
func openStarter() starter {
	var st unix.Stat_t
	if os.Getenv(envKeeper) == "" || unix.Fstat(3, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return starter{}
	}
	unix.CloseOnExec(3)
	return starter{os.NewFile(3, "starter")}
}

func (s starter) send(h handshake) error {
	if s.f == nil {
		return os.ErrClosed
	}
	defer s.f.Close()
	b, err := json.Marshal(h)
	if err == nil {
		_, err = s.f.Write(append(b, '\n'))
	}
	return err
}

func (s starter) started(pid int)      { _ = s.send(handshake{PID: pid}) } // a starter that is gone does not mind
func (s starter) fail(err error) error { return s.send(handshake{Error: err.Error()}) }

// bury notes in the folder why there never was a child, as a shell would say it.
func (k *keeper) bury(err error) {
	if k.st.Keeper.PID == 0 {
		return
	}
	k.st.Trouble, k.st.Done = err.Error(), true
	_ = replace(k.dir, exitFile, exited{Known: true, Code: 127, At: later(k.o.Now(), k.spec.Created)})
	_ = k.save()
}
