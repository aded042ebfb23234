package track

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"flightdeck/backends/local/track/graphql"
)

// graphQL answers what MLflow's web UI asks on the pages of an experiment and of a
// run, out of the answers of the other endpoints.
func (a *api) graphQL(ctx context.Context, in *fields) (any, error) {
	variables := map[string]any{}
	var source, name string
	for k, to := range map[string]any{"query": &source, "operationName": &name, "variables": &variables} {
		if raw, ok := in.m[k]; ok {
			d := json.NewDecoder(bytes.NewReader(raw))
			d.UseNumber()
			if err := d.Decode(to); err != nil {
				return nil, refuse("Invalid value for parameter '%s': %s", k, err)
			}
		}
	}
	return a.schema(in.http).Execute(ctx, source, name, variables), nil
}

// member is the value of an endpoint's answer, for the field of an object.
func (a *api) member(r *http.Request, do endpoint, name string) func(context.Context, map[string]any, map[string]any) (any, error) {
	return func(ctx context.Context, _, args map[string]any) (any, error) {
		v, err := a.value(ctx, r, do, args["input"])
		if m, ok := v.(map[string]any); ok && name != "" {
			return m[name], err
		}
		return v, err
	}
}

// value is what an endpoint answers to a request with these members.
func (a *api) value(ctx context.Context, r *http.Request, do endpoint, input any) (v any, err error) {
	in := &fields{m: map[string]json.RawMessage{}, http: r}
	members, _ := graphql.Snake(input).(map[string]any)
	for k, m := range members {
		if in.m[k], err = json.Marshal(m); err != nil {
			return nil, err
		}
	}
	out, err := do(a, ctx, in)
	if err != nil {
		return nil, errors.New(classify(err).message)
	}
	var b bytes.Buffer
	if own, ok := out.(answer); ok {
		own(&keptBody{Buffer: &b, h: http.Header{}}, r)
	} else {
		encode(&b, out)
	}
	d := json.NewDecoder(&b)
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// keptBody is a ResponseWriter that keeps a body.
type keptBody struct {
	*bytes.Buffer
	h http.Header
}

func (k *keptBody) Header() http.Header { return k.h }
func (k *keptBody) WriteHeader(int)     {}

// schema is the part of MLflow's that its UI uses.
func (a *api) schema(r *http.Request) graphql.Schema {
	text, long, float := graphql.Field{}, graphql.Field{Kind: graphql.Long}, graphql.Field{Kind: graphql.Float}
	object := func(of string) graphql.Field { return graphql.Field{Kind: graphql.Object, Of: of} }
	list := func(of string) graphql.Field { return graphql.Field{Kind: graphql.Objects, Of: of} }
	root := func(of string, do endpoint) graphql.Field {
		return graphql.Field{Kind: graphql.Object, Of: of, Resolve: a.member(r, do, "")}
	}
	fault := graphql.Field{Kind: graphql.Object, Of: "ApiError", Resolve: func(context.Context, map[string]any, map[string]any) (any, error) { return nil, nil }}
	pair := map[string]graphql.Field{"key": text, "value": text}
	return graphql.Schema{
		"Query": {
			"mlflowGetExperiment":       root("MlflowGetExperimentResponse", (*api).getExperiment),
			"mlflowGetRun":              root("MlflowGetRunResponse", (*api).getRun),
			"mlflowSearchRuns":          root("MlflowSearchRunsResponse", (*api).searchRuns),
			"mlflowSearchModelVersions": root("MlflowSearchModelVersionsResponse", (*api).searchVersions),
		},
		"ApiError":                          {"code": text, "message": text, "helpUrl": text, "traceId": text},
		"MlflowGetExperimentResponse":       {"experiment": object("MlflowExperiment"), "apiError": fault},
		"MlflowGetRunResponse":              {"run": object("MlflowRunExtension"), "apiError": fault},
		"MlflowSearchRunsResponse":          {"runs": list("MlflowRunExtension"), "nextPageToken": text, "apiError": fault},
		"MlflowSearchModelVersionsResponse": {"modelVersions": list("MlflowModelVersion"), "nextPageToken": text, "apiError": fault},
		"MlflowExperiment": {
			"experimentId": text, "name": text, "artifactLocation": text, "lifecycleStage": text, "lastUpdateTime": long, "creationTime": long,
			"tags": list("MlflowExperimentTag"), "effectiveTraceArchivalRetention": text, "workspace": text,
		},
		"MlflowRunExtension": a.runFields(r),
		"MlflowRunInfo": {
			"runId": text, "runUuid": text, "runName": text, "experimentId": text, "userId": text, "status": text, "startTime": long, "endTime": long,
			"artifactUri": text, "lifecycleStage": text,
		},
		"MlflowRunData": {"metrics": list("MlflowMetricExtension"), "params": list("MlflowParam"), "tags": list("MlflowRunTag")},
		"MlflowMetricExtension": {
			"key": text, "value": float, "timestamp": long, "step": long, "datasetName": text, "datasetDigest": text, "modelId": text, "runId": text,
		},
		"MlflowParam": pair, "MlflowRunTag": pair, "MlflowExperimentTag": pair, "MlflowInputTag": pair, "MlflowModelVersionTag": pair,
		"MlflowRunInputs":    {"datasetInputs": list("MlflowDatasetInput"), "modelInputs": list("MlflowModelInput")},
		"MlflowDatasetInput": {"tags": list("MlflowInputTag"), "dataset": object("MlflowDataset")},
		"MlflowDataset":      {"name": text, "digest": text, "sourceType": text, "source": text, "schema": text, "profile": text},
		"MlflowModelInput":   {"modelId": text},
		"MlflowRunOutputs":   {"modelOutputs": list("MlflowModelOutput")},
		"MlflowModelOutput":  {"modelId": text, "step": long},
		"MlflowModelVersion": {
			"name": text, "version": text, "creationTimestamp": long, "lastUpdatedTimestamp": long, "userId": text, "currentStage": text, "description": text,
			"source": text, "runId": text, "status": text, "statusMessage": text, "tags": list("MlflowModelVersionTag"), "runLink": text,
			"aliases": {Kind: graphql.Strings}, "modelId": text,
		},
	}
}

// runFields are a run's, with what MLflow looks up besides.
func (a *api) runFields(r *http.Request) map[string]graphql.Field {
	object := func(of string) graphql.Field { return graphql.Field{Kind: graphql.Object, Of: of} }
	return map[string]graphql.Field{
		"info": object("MlflowRunInfo"), "data": object("MlflowRunData"), "inputs": object("MlflowRunInputs"), "outputs": object("MlflowRunOutputs"),
		"experiment": {Kind: graphql.Object, Of: "MlflowExperiment", Resolve: func(ctx context.Context, run, _ map[string]any) (any, error) {
			info, _ := run["info"].(map[string]any)
			return a.member(r, (*api).getExperiment, "experiment")(ctx, nil, map[string]any{"input": map[string]any{"experiment_id": info["experiment_id"]}})
		}},
		"modelVersions": {Kind: graphql.Objects, Of: "MlflowModelVersion", Resolve: func(ctx context.Context, run, _ map[string]any) (any, error) {
			info, _ := run["info"].(map[string]any)
			id, _ := info["run_id"].(string)
			return a.member(r, (*api).searchVersions, "model_versions")(ctx, nil, map[string]any{"input": map[string]any{"filter": "run_id='" + id + "'"}})
		}},
	}
}
