package track

import (
	"errors"
	"net/http"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/store"
	"flightdeck/backends/query"
)

// Codes beside the store's, as MLflow spells them.
const (
	badRequest       = "BAD_REQUEST"
	methodNotAllowed = "METHOD_NOT_ALLOWED"
	notImplemented   = "NOT_IMPLEMENTED"
	unauthenticated  = "UNAUTHENTICATED"
	permissionDenied = "PERMISSION_DENIED"
	endpointNotFound = "ENDPOINT_NOT_FOUND"
	exhausted        = "RESOURCE_EXHAUSTED"
	unavailable      = "TEMPORARILY_UNAVAILABLE"
	dataLoss         = "DATA_LOSS"
	internal         = "INTERNAL_ERROR"
)

// noAttribute is the code store.InvalidParameter of which MLflow says another class.
const noAttribute = store.InvalidParameter + " ATTRIBUTE_NOT_FOUND"

// apiError is an answer that is not 200.
type apiError struct{ code, message string }

func (e *apiError) Error() string { return e.message }

// errorKind is what MLflow 3.17 adds to a code: its HTTP status, its class and its
// state (mlflow/exceptions.py, mlflow/error_classification.py).
type errorKind struct {
	status       int
	class, state string
}

func kindOf(code string) errorKind {
	switch code {
	case store.InvalidParameter, badRequest:
		return errorKind{http.StatusBadRequest, "INVALID_PARAMETER_VALUE", "KAM00"}
	case noAttribute:
		return errorKind{http.StatusBadRequest, "ATTRIBUTE_NOT_FOUND", "KAM04"}
	case store.AlreadyExists:
		return errorKind{http.StatusBadRequest, "RESOURCE_ALREADY_EXISTS", "KAM00"}
	case store.DoesNotExist, endpointNotFound:
		return errorKind{http.StatusNotFound, "RESOURCE_NOT_FOUND", "KAM00"}
	case methodNotAllowed:
		return errorKind{status: http.StatusMethodNotAllowed}
	case notImplemented:
		return errorKind{status: http.StatusNotImplemented}
	case unauthenticated:
		return errorKind{status: http.StatusUnauthorized}
	case permissionDenied:
		return errorKind{http.StatusForbidden, "PERMISSION_DENIED", "KAM00"}
	case exhausted:
		return errorKind{status: http.StatusTooManyRequests}
	case unavailable:
		return errorKind{http.StatusServiceUnavailable, "CLIENT_INTERNAL_ERROR", "XXM00"}
	}
	return errorKind{http.StatusInternalServerError, "CLIENT_INTERNAL_ERROR", "XXM00"}
}

// classify finds the code for what the store answered.
func classify(err error) *apiError {
	var api *apiError
	var refused *store.Error
	var damaged *store.DamagedError
	var denied *backends.DeniedError
	var query *query.MLflowError
	switch {
	case errors.As(err, &api):
		return api
	case errors.As(err, &query):
		return &apiError{query.Code, query.Message}
	case errors.As(err, &refused):
		return &apiError{refused.Code, refused.Message}
	case errors.As(err, &denied), errors.Is(err, backends.ErrReadOnly):
		return &apiError{permissionDenied, err.Error()}
	case errors.Is(err, store.ErrFull): // the client tries again while someone makes room
		return &apiError{exhausted, err.Error()}
	case errors.Is(err, store.ErrBusy):
		return &apiError{unavailable, err.Error()}
	case errors.As(err, &damaged):
		return &apiError{dataLoss, err.Error()}
	}
	return &apiError{internal, err.Error()}
}

func writeError(w http.ResponseWriter, err error) {
	e := classify(err)
	k := kindOf(e.code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(k.status)
	code, _, _ := strings.Cut(e.code, " ")
	encode(w, struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
		State   string `json:"sqlstate,omitempty"`
		Class   string `json:"error_class,omitempty"`
	}{code, e.message, k.state, k.class})
}
