package track

import (
	"net/http"
	"slices"
	"strings"
)

// route is one endpoint. A path that begins with /mlflow is served under each of
// prefixes; another as it is. {name} stands for one element of a path, which the
// endpoint reads as a field, and {name...} at the end for all the rest.
type route struct {
	method, path string
	do           endpoint
}

// prefixes are MLflow's: the API's, and the one that its web UI uses. Version 3 is
// of newer calls there; here either is good for all.
func prefixes() []string {
	return []string{"/api/2.0", "/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0"}
}

// routes is what is served, in the order of MLflow's service.proto.
func routes() []route {
	return slices.Concat([]route{
		{http.MethodPost, "/mlflow/experiments/create", (*api).createExperiment},
		{http.MethodPost, "/mlflow/experiments/search", (*api).searchExperiments},
		{http.MethodGet, "/mlflow/experiments/search", (*api).searchExperiments},
		{http.MethodGet, "/mlflow/experiments/get", (*api).getExperiment},
		{http.MethodGet, "/mlflow/experiments/get-by-name", (*api).getExperimentByName},
		{http.MethodPost, "/mlflow/experiments/delete", (*api).deleteExperiment},
		{http.MethodPost, "/mlflow/experiments/restore", (*api).restoreExperiment},
		{http.MethodPost, "/mlflow/experiments/update", (*api).updateExperiment},
		{http.MethodPost, "/mlflow/experiments/set-experiment-tag", (*api).setExperimentTag},
		{http.MethodPost, "/mlflow/experiments/delete-experiment-tag", (*api).deleteExperimentTag},
		{http.MethodPost, "/mlflow/experiments/search-datasets", (*api).searchDatasets},

		{http.MethodPost, "/mlflow/runs/create", (*api).createRun},
		{http.MethodPost, "/mlflow/runs/update", (*api).updateRun},
		{http.MethodPost, "/mlflow/runs/delete", (*api).deleteRun},
		{http.MethodPost, "/mlflow/runs/restore", (*api).restoreRun},
		{http.MethodGet, "/mlflow/runs/get", (*api).getRun},
		{http.MethodPost, "/mlflow/runs/search", (*api).searchRuns},
		{http.MethodPost, "/mlflow/runs/log-metric", (*api).logMetric},
		{http.MethodPost, "/mlflow/runs/log-parameter", (*api).logParam},
		{http.MethodPost, "/mlflow/runs/set-tag", (*api).setTag},
		{http.MethodPost, "/mlflow/runs/delete-tag", (*api).deleteTag},
		{http.MethodPost, "/mlflow/runs/log-batch", (*api).logBatch},
		{http.MethodPost, "/mlflow/runs/log-inputs", (*api).logInputs},
		{http.MethodPost, "/mlflow/runs/log-model", (*api).logModel},

		{http.MethodGet, "/mlflow/metrics/get-history", (*api).history},
		{http.MethodGet, "/mlflow/metrics/get-history-bulk", (*api).historyBulk},
		{http.MethodGet, "/mlflow/metrics/get-history-bulk-interval", (*api).historyInterval},

		{http.MethodGet, "/mlflow/artifacts/list", (*api).listRunArtifacts},
		{http.MethodPost, "/mlflow/artifacts/presigned-upload-url", (*api).presignUpload},
		{http.MethodPost, "/mlflow/artifacts/presigned-download-url", (*api).presignDownload},
	}, proxyRoutes(), uiRoutes(), modelRoutes())
}

// table finds a route: by its whole path where there is nothing to fill in.
type table struct {
	exact  map[string]map[string]target // path → method → what is there
	filled []pattern
}

// target is an endpoint and the request that it takes; it reads its own when message
// is nil.
type target struct {
	do      endpoint
	message *message
}

type pattern struct {
	method   string
	elements []string
	target   target
}

func newTable(routes []route) *table {
	t := &table{exact: map[string]map[string]target{}}
	known := messages()
	for _, r := range routes {
		to := target{r.do, messageOf(known, r)}
		under := []string{""}
		if strings.HasPrefix(r.path, "/mlflow") {
			under = prefixes()
		}
		for _, prefix := range under {
			path := prefix + r.path
			if strings.Contains(path, "{") {
				t.filled = append(t.filled, pattern{r.method, strings.Split(path, "/"), to})
				continue
			}
			if t.exact[path] == nil {
				t.exact[path] = map[string]target{}
			}
			t.exact[path][r.method] = to
		}
	}
	return t
}

// messageOf is the request of a route: that of its method and path, or of its path up
// to what the path fills in at the end.
func messageOf(known map[string]*message, r route) *message {
	path := r.path
	if strings.HasSuffix(path, "...}") {
		path = path[:strings.LastIndexByte(path, '{')]
	}
	if at := strings.Index(path, "/mlflow"); at > 0 { // the proxy's have their prefix
		path = path[at:]
	}
	if m := known[r.method+" "+path]; m != nil {
		return m
	}
	return known[path]
}

// find also gives what the path filled in.
func (t *table) find(method, path string) (target, map[string]string, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	methods, known := t.exact[path]
	if to, ok := methods[method]; ok {
		return to, nil, nil
	}
	elements := strings.Split(path, "/")
	for i := range t.filled {
		p := &t.filled[i]
		params, ok := p.match(elements)
		if !ok {
			continue
		}
		if p.method == method {
			return p.target, params, nil
		}
		known = true
	}
	if known {
		return target{}, nil, &apiError{methodNotAllowed, method + " " + path + " is not served here"}
	}
	return target{}, nil, &apiError{endpointNotFound, method + " " + path + " is not served here"}
}

func (p *pattern) match(path []string) (map[string]string, bool) {
	last := len(p.elements) - 1
	name, rest := strings.CutSuffix(p.elements[last], "...}")
	if len(path) <= last || !rest && len(path) != len(p.elements) {
		return nil, false
	}
	params := map[string]string{}
	for i, e := range p.elements {
		switch {
		case i == last && rest:
			params[name[1:]] = strings.Join(path[i:], "/")
		case strings.HasPrefix(e, "{"):
			params[strings.Trim(e, "{}")] = path[i]
		case e != path[i]:
			return nil, false
		}
	}
	return params, true
}
