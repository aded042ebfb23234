package serve

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestMemoryIsGivenBackAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freed := 0
		slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				time.Sleep(5 * calm)
			}
		})
		r := newResting(slow, func() { freed++ })
		defer r.Close()
		ask := func(path string) { r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)) }
		for range 10 {
			ask("/")
			time.Sleep(calm / 2)
		}
		synctest.Wait()
		if freed != 0 {
			t.Fatalf("freed %d times while it was asked", freed)
		}
		time.Sleep(calm)
		synctest.Wait()
		if freed != 1 {
			t.Fatalf("freed %d times at rest", freed)
		}
		time.Sleep(10 * calm)
		synctest.Wait()
		if freed != 1 {
			t.Fatalf("freed %d times though nothing was asked", freed)
		}
		ask("/slow")
		if freed != 1 {
			t.Fatal("freed during a request")
		}
		time.Sleep(2 * calm)
		synctest.Wait()
		if freed != 2 {
			t.Fatalf("freed %d times after a long request", freed)
		}
	})
}
