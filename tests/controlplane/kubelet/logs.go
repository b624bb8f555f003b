package kubelet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apiserver/pkg/util/flushwriter"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/core/install" // how a query becomes PodLogOptions
)

// logs answers GET /containerLogs with the kubelet's own reader of log files.
func (a *agent) logs(w http.ResponseWriter, r *http.Request) {
	var asked v1.PodLogOptions
	if err := legacyscheme.ParameterCodec.DecodeParameters(r.URL.Query(), v1.SchemeGroupVersion, &asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	container := a.running(w, r)
	if container == nil {
		return
	}
	container.lock.Lock()
	attempt, begun := container.attempt, container.state.Waiting == nil
	container.lock.Unlock()
	if asked.Previous {
		attempt--
	}
	pod := r.PathValue("pod")
	if attempt < 0 {
		text := fmt.Sprintf("previous terminated container %q in pod %q not found", container.spec.Name, pod)
		http.Error(w, text, http.StatusBadRequest)
		return
	}
	if !begun {
		text := fmt.Sprintf("container %q in pod %q is waiting to start: ContainerCreating", container.spec.Name, pod)
		http.Error(w, text, http.StatusBadRequest)
		return
	}
	options := &logs.LogOptions{
		TailLines: asked.TailLines, LimitBytes: asked.LimitBytes, Follow: asked.Follow, Timestamp: asked.Timestamps,
	}
	if asked.SinceSeconds != nil {
		options.Since = time.Now().Add(-time.Duration(*asked.SinceSeconds) * time.Second)
	} else if asked.SinceTime != nil {
		options.Since = asked.SinceTime.Time
	}
	w.WriteHeader(http.StatusOK)
	flush := flushwriter.Wrap(w)
	_, _ = flush.Write(nil) // The head goes out before the first line does.
	var out, errors io.Writer = flush, flush
	if asked.Stream != nil && *asked.Stream == v1.LogStreamStdout {
		errors = nil
	} else if asked.Stream != nil && *asked.Stream == v1.LogStreamStderr {
		out = nil
	}
	id := strconv.Itoa(int(attempt))
	// Its errors come after the head; the end of the body is all that can be said.
	_ = logs.ReadLogs(r.Context(), container.logFile(attempt), id, options, attempts{container: container}, out, errors)
}

// attempts tells the log reader whether an attempt runs. It asks for nothing else of a container runtime.
type attempts struct {
	internalapi.RuntimeService
	container *container
}

func (a attempts) ContainerStatus(_ context.Context, id string, _ bool) (*runtimeapi.ContainerStatusResponse, error) {
	a.container.lock.Lock()
	defer a.container.lock.Unlock()
	state := runtimeapi.ContainerState_CONTAINER_EXITED
	if id == strconv.Itoa(int(a.container.attempt)) && a.container.state.Running != nil {
		state = runtimeapi.ContainerState_CONTAINER_RUNNING
	}
	return &runtimeapi.ContainerStatusResponse{Status: &runtimeapi.ContainerStatus{State: state}}, nil
}
