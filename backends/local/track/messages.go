package track

import "strings"

// messages are the requests of MLflow's .proto files and what its handlers ask of
// their members, by the path that they are sent to. A member is written name, or
// name:type, with [] before the type of a list; a text needs no type. After it stand,
// member by member and in MLflow's order, the checks.
func messages() map[string]*message {
	subs := map[string]*message{}
	for _, s := range [][2]string{
		{"pair", "key value"},
		{"metric", "key value:double timestamp:int64 step:int64 dataset_name dataset_digest model_id run_id"},
		{"dataset", "name digest source_type source schema profile"},
		{"input", "tags:[]pair dataset:dataset"},
		{"model", "model_id"},
		{"output", "model_id step:int64"},
		{"measuredOn", "dataset_name dataset_digest"},
		{"order", "field_name ascending:bool dataset_name dataset_digest"},
		{"part", "part_number:int64 etag url"},
	} {
		subs[s[0]] = newMessage(subs, s[1], "")
	}
	all := map[string]*message{}
	for _, m := range append(trackingMessages(), modelMessages()...) {
		all[m.path] = newMessage(subs, m.members, m.checks)
	}
	return all
}

type messageText struct{ path, members, checks string }

func trackingMessages() []messageText {
	const id, tag = "experiment_id=required,text", "key value"
	const run = "run_id=required,text"
	return []messageText{
		{"/mlflow/experiments/create", "name artifact_location tags:[]pair", "name=required,text artifact_location=text tags=list"},
		{"/mlflow/experiments/search", "max_results:int64 page_token filter order_by:[]text view_type:view", "view_type=int max_results=int order_by=list filter=text page_token=text"},
		{"/mlflow/experiments/get", "experiment_id", id},
		{"/mlflow/experiments/get-by-name", "experiment_name", "experiment_name=required,text"},
		{"/mlflow/experiments/delete", "experiment_id", id},
		{"/mlflow/experiments/restore", "experiment_id", id},
		{"/mlflow/experiments/update", "experiment_id new_name", id + " new_name=text,required"},
		{"/mlflow/experiments/set-experiment-tag", "experiment_id " + tag, id + " key=required,text value=text"},
		{"/mlflow/experiments/delete-experiment-tag", "experiment_id key", id + " key=required,text"},
		{"/mlflow/experiments/search-datasets", "experiment_ids:[]text", ""},
		{"/mlflow/runs/create", "experiment_id user_id run_name start_time:int64 tags:[]pair run_id", "experiment_id=text start_time=int run_name=text"},
		{"/mlflow/runs/update", "run_id run_uuid status:status end_time:int64 run_name", run + " end_time=int status=text run_name=text"},
		{"/mlflow/runs/delete", "run_id", run},
		{"/mlflow/runs/restore", "run_id", run},
		{"/mlflow/runs/get", "run_id run_uuid", run},
		{"/mlflow/runs/search", "experiment_ids:[]text filter run_view_type:view max_results:int32 order_by:[]text page_token", "experiment_ids=list filter=text max_results=int,50000 order_by=list,texts"},
		{
			"/mlflow/runs/log-metric", "run_id run_uuid key value:double timestamp:int64 step:int64 model_id dataset_name dataset_digest",
			run + " key=required,text value=required,double timestamp=int,required step=int model_id=text dataset_name=text dataset_digest=text",
		},
		{"/mlflow/runs/log-parameter", "run_id run_uuid " + tag, run + " key=required,text value=text"},
		{"/mlflow/runs/set-tag", "run_id run_uuid " + tag, run + " key=required,text value=text"},
		{"/mlflow/runs/delete-tag", "run_id key", run + " key=required,text"},
		{"/mlflow/runs/log-batch", "run_id metrics:[]metric params:[]pair tags:[]pair", "run_id=text,required metrics=list,metrics params=list,pairs tags=list,pairs"},
		{"/mlflow/runs/log-inputs", "run_id datasets:[]input models:[]model", run + " datasets=list models=list"},
		{"/mlflow/runs/outputs", "run_id models:[]output", run + " models=required,list"},
		{"/mlflow/runs/log-model", "run_id model_json", "run_id=text,required model_json=text,required"},
		{"/mlflow/metrics/get-history", "run_id run_uuid metric_key page_token max_results:int32", "run_id=text,required metric_key=text,required page_token=text"},
		{"/mlflow/artifacts/list", "run_id run_uuid path page_token", "run_id=text,required path=text page_token=text"},
		{"/mlflow/artifacts/presigned-upload-url", "run_id path expiration:int64 model_id", "run_id=text model_id=text path=required,text expiration=int"},
		{"/mlflow/artifacts/presigned-download-url", "run_id path expiration:int64", "run_id=required,text path=required,text expiration=int"},
		{"/mlflow-artifacts/mpu/create/", "path num_parts:int64", "path=required,text num_parts=int"},
		{"/mlflow-artifacts/mpu/complete/", "path upload_id parts:[]part", "path=required,text upload_id=text parts=required"},
		{"/mlflow-artifacts/mpu/abort/", "path upload_id", "path=required,text upload_id=text"},
	}
}

func modelMessages() []messageText {
	const name = "name=text,required"
	const version = name + " version=text,required"
	return []messageText{
		{"/mlflow/registered-models/create", "name tags:[]pair description deployment_job_id", name + " tags=list description=text"},
		{"/mlflow/registered-models/get", "name", name},
		{"/mlflow/registered-models/update", "name description deployment_job_id", name + " description=text"},
		{"/mlflow/registered-models/rename", "name new_name", name + " new_name=text,required"},
		{"/mlflow/registered-models/delete", "name", name},
		{"/mlflow/registered-models/search", "filter max_results:int64 order_by:[]text page_token", "filter=text max_results=int,1000 order_by=list,texts page_token=text"},
		{"/mlflow/registered-models/get-latest-versions", "name stages:[]text", name + " stages=list,texts"},
		{"/mlflow/registered-models/set-tag", "name key value", name + " key=text,required value=text"},
		{"/mlflow/registered-models/delete-tag", "name key", name + " key=text,required"},
		{"POST /mlflow/registered-models/alias", "name alias version", name + " alias=text,required version=text,required"},
		{"/mlflow/registered-models/alias", "name alias", name + " alias=text,required"},
		{
			"/mlflow/model-versions/create", "name source run_id tags:[]pair run_link description model_id",
			name + " source=text,required run_id=text tags=list run_link=text description=text model_id=text",
		},
		{"/mlflow/model-versions/get", "name version", version},
		{"/mlflow/model-versions/update", "name version description", version + " description=text"},
		{"/mlflow/model-versions/transition-stage", "name version stage archive_existing_versions:bool", version + " stage=text,required archive_existing_versions=bool"},
		{"/mlflow/model-versions/delete", "name version", version},
		{"/mlflow/model-versions/get-download-uri", "name version", ""},
		{"/mlflow/model-versions/search", "filter max_results:int64 order_by:[]text page_token", "filter=text max_results=int,200000 order_by=list,texts page_token=text"},
		{"/mlflow/model-versions/set-tag", "name version key value", version + " key=text,required value=text"},
		{"/mlflow/model-versions/delete-tag", "name version key", version + " key=text,required"},
		{
			"/mlflow/logged-models", "experiment_id name model_type source_run_id params:[]pair tags:[]pair",
			"experiment_id=text,required name=text model_type=text source_run_id=text params=list tags=list",
		},
		{
			"/mlflow/logged-models/search", "experiment_ids:[]text filter datasets:[]measuredOn max_results:int32 order_by:[]order page_token",
			"experiment_ids=list,texts,required filter=text datasets=list max_results=int order_by=list page_token=text",
		},
		{"PATCH /mlflow/logged-models/{model_id}", "model_id status:modelStatus", "model_id=text,required status=int,required"},
		{"/mlflow/logged-models/{model_id}/tags", "model_id tags:[]pair", "tags=list"},
		{"/mlflow/logged-models/{model_id}/params", "model_id params:[]pair", "model_id=text,required params=list"},
	}
}

// newMessage reads the notation of messages.
func newMessage(subs map[string]*message, members, checks string) *message {
	m := &message{}
	for _, text := range strings.Fields(members) {
		name, kind, _ := strings.Cut(text, ":")
		f := member{name: name, camel: camelCase(name)}
		kind, f.repeated = strings.CutPrefix(kind, "[]")
		switch kind {
		case "", "text":
		case "int32":
			f.kind = ofInt32
		case "int64":
			f.kind = ofInt64
		case "double":
			f.kind = ofDouble
		case "bool":
			f.kind = ofBool
		case "view":
			f.kind, f.words = ofEnum, numbered(1, "ACTIVE_ONLY", "DELETED_ONLY", "ALL")
		case "status":
			f.kind, f.words = ofEnum, numbered(1, "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
		case "modelStatus":
			f.kind, f.words = ofEnum, numbered(0, "LOGGED_MODEL_STATUS_UNSPECIFIED", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED")
		default:
			if f.kind, f.sub = ofMessage, subs[kind]; f.sub == nil {
				panic("track: no message is called " + kind) // it is one of messages
			}
		}
		m.members = append(m.members, f)
	}
	for _, text := range strings.Fields(checks) {
		name, words, _ := strings.Cut(text, "=")
		c := memberCheck{name: name}
		for word := range strings.SplitSeq(words, ",") {
			switch word {
			case "pairs":
				c.checks = append(c.checks, presentIn(name, "key"))
			case "metrics":
				c.checks = append(c.checks, presentIn(name, "key", "value", "timestamp"))
			default:
				c.checks = append(c.checks, checkOf(word))
			}
		}
		m.checks = append(m.checks, c)
	}
	return m
}

func numbered(from int64, names ...string) []word {
	words := make([]word, len(names))
	for i, name := range names {
		words[i] = word{name, from + int64(i)}
	}
	return words
}

// camelCase is the other spelling of a member in JSON.
func camelCase(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, "")
}
