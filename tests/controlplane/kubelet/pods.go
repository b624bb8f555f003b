package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// pod is one pod of the node, with its containers' processes.
type pod struct {
	object     *v1.Pod
	address    string
	started    metav1.Time
	containers []*container
	stop       context.CancelFunc
	running    sync.WaitGroup
	dirty      chan struct{} // a status has changed that the API server does not know
	leaving    sync.Once
}

// podTable is the pods of the node by namespace and name.
type podTable struct {
	lock    sync.Mutex
	pods    map[string]*pod
	counter int
}

func (t *podTable) get(namespace, name string) *pod {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.pods[namespace+"/"+name]
}

func (t *podTable) hasAddress(address string) bool {
	t.lock.Lock()
	defer t.lock.Unlock()
	for _, pod := range t.pods {
		if pod.address == address {
			return true
		}
	}
	return false
}

func (t *podTable) all() []v1.Pod {
	t.lock.Lock()
	defer t.lock.Unlock()
	all := []v1.Pod{}
	for _, pod := range t.pods {
		all = append(all, *pod.object)
	}
	return all
}

// container finds a container by the names in a request's path.
func (t *podTable) container(namespace, name, container string) (*container, error) {
	pod := t.get(namespace, name)
	if pod == nil {
		return nil, fmt.Errorf("pod %q does not exist", name)
	}
	for _, it := range pod.containers {
		if it.spec.Name == container {
			return it, nil
		}
	}
	return nil, fmt.Errorf("container %q not found in pod %q", container, name)
}

// watchPods begins to run what is bound to the node, and returns when it has seen what there is.
func (a *agent) watchPods(ctx context.Context) error {
	a.pods.pods = map[string]*pod{}
	source := cache.NewListWatchFromClient(
		a.client.CoreV1().RESTClient(), "pods", "", fields.OneTermEqualSelector("spec.nodeName", a.node))
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: source,
		ObjectType:    &v1.Pod{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { a.sync(ctx, object.(*v1.Pod)) },
			UpdateFunc: func(_, object any) { a.sync(ctx, object.(*v1.Pod)) },
			DeleteFunc: func(object any) {
				if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
					object = last.Obj
				}
				if gone, ok := object.(*v1.Pod); ok {
					a.forget(gone)
				}
			},
		},
	})
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("cannot list the pods of %s", a.node)
	}
	return nil
}

// sync starts a pod that is new and ends one that is to be deleted.
func (a *agent) sync(ctx context.Context, object *v1.Pod) {
	known := a.pods.get(object.Namespace, object.Name)
	if known != nil && known.object.UID != object.UID {
		a.forget(known.object)
		known = nil
	}
	switch {
	case object.DeletionTimestamp != nil:
		go a.leave(ctx, object, known)
	case known == nil && object.Status.Phase != v1.PodSucceeded && object.Status.Phase != v1.PodFailed:
		if err := a.begin(ctx, object); err != nil {
			fmt.Fprintf(os.Stderr, "%s/%s: %v\n", object.Namespace, object.Name, err)
		}
	}
}

func (a *agent) begin(ctx context.Context, object *v1.Pod) error {
	ctx, stop := context.WithCancel(ctx)
	pod := &pod{object: object, started: metav1.Now(), stop: stop, dirty: make(chan struct{}, 1)}
	changed := func() {
		select {
		case pod.dirty <- struct{}{}:
		default: // One is waiting already, and will tell of this change as well.
		}
	}
	for _, spec := range object.Spec.Containers {
		folder := filepath.Join(a.folder, string(object.UID), spec.Name)
		id := strings.Join([]string{object.Namespace, object.Name, spec.Name}, "/")
		container, err := newContainer(id, folder, spec, object.Spec.RestartPolicy, changed)
		if err != nil {
			stop()
			return err
		}
		pod.containers = append(pod.containers, container)
	}
	a.pods.lock.Lock()
	a.pods.counter++
	pod.address = fmt.Sprintf("10.99.%d.%d", 1+a.pods.counter/250%250, 1+a.pods.counter%250)
	a.pods.pods[object.Namespace+"/"+object.Name] = pod
	a.pods.lock.Unlock()
	for _, container := range pod.containers {
		pod.running.Go(func() { container.supervise(ctx) })
	}
	go func() {
		for {
			select {
			case <-pod.dirty:
				a.report(ctx, pod)
			case <-ctx.Done():
				return
			}
		}
	}()
	return nil
}

// leave ends a pod's processes and then the object, as the kubelet confirms a deletion.
func (a *agent) leave(ctx context.Context, object *v1.Pod, known *pod) {
	if known != nil {
		first := false
		known.leaving.Do(func() { first = true })
		if !first {
			return
		}
		known.stop()
		known.running.Wait()
	}
	now, uid := int64(0), object.UID
	options := metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &uid}}
	err := a.client.CoreV1().Pods(object.Namespace).Delete(ctx, object.Name, options)
	if err != nil && !errors.IsNotFound(err) && !errors.IsConflict(err) {
		fmt.Fprintf(os.Stderr, "%s/%s: %v\n", object.Namespace, object.Name, err)
	}
}

func (a *agent) forget(object *v1.Pod) {
	a.pods.lock.Lock()
	key := object.Namespace + "/" + object.Name
	known := a.pods.pods[key]
	if known == nil || known.object.UID != object.UID {
		a.pods.lock.Unlock()
		return
	}
	delete(a.pods.pods, key)
	a.pods.lock.Unlock()
	known.stop()
	go func() {
		known.running.Wait()
		_ = os.RemoveAll(filepath.Join(a.folder, string(object.UID)))
	}()
}

// report tells the API server how the pod is, until it has understood.
func (a *agent) report(ctx context.Context, pod *pod) {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.object.UID},
		"status":   pod.status(),
	})
	for err == nil && ctx.Err() == nil {
		_, err := a.client.CoreV1().Pods(pod.object.Namespace).Patch(
			ctx, pod.object.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
		if err == nil || errors.IsNotFound(err) || errors.IsConflict(err) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (p *pod) status() v1.PodStatus {
	status := v1.PodStatus{
		Phase: v1.PodRunning, StartTime: &p.started, HostIP: nodeAddress,
		HostIPs: []v1.HostIP{{IP: nodeAddress}},
		PodIP:   p.address, PodIPs: []v1.PodIP{{IP: p.address}},
	}
	ready, over, failed := v1.ConditionTrue, true, false
	for _, container := range p.containers {
		it := container.status()
		status.ContainerStatuses = append(status.ContainerStatuses, it)
		if !it.Ready {
			ready = v1.ConditionFalse
		}
		ended := it.State.Terminated
		failed = failed || (ended != nil && ended.ExitCode != 0)
		again := container.restart == v1.RestartPolicyAlways ||
			(container.restart == v1.RestartPolicyOnFailure && ended != nil && ended.ExitCode != 0)
		over = over && ended != nil && !again
	}
	if over {
		status.Phase = v1.PodSucceeded
		if failed {
			status.Phase = v1.PodFailed
		}
	}
	for _, kind := range []v1.PodConditionType{
		v1.PodScheduled, v1.PodInitialized, v1.ContainersReady, v1.PodReady,
	} {
		value := v1.ConditionTrue
		if kind == v1.ContainersReady || kind == v1.PodReady {
			value = ready
		}
		status.Conditions = append(status.Conditions, v1.PodCondition{
			Type: kind, Status: value, LastTransitionTime: p.started,
		})
	}
	return status
}
